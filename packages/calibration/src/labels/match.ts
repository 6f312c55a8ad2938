import { TacoError } from '@tacojs/errors'
import type { Label } from './labels.js'
import { nearest } from './nearest.js'

/**
 * The label of each class folder, in the folders' order. A folder is named by the class's
 *
 * - index, when all folders are whole numbers that are indices, and not the names of other classes;
 * - wnid, alone or followed by anything (`n02085620-Chihuahua`);
 * - name or one of its comma-separated synonyms; case does not matter, and spaces, hyphens and underscores are equal.
 *
 * Throws UNKNOWN_CLASS for a name that fits no class (with the nearest names) or several (with all of them), INVALID_DATA
 * when two folders are the same class.
 */
export function matchClasses(folders: readonly string[], labels: readonly Label[]): Label[] {
  const byIndex = new Map(labels.map((label) => [label.index, label]))
  const areNumbers = folders.every(isNumber)
  const beyond = areNumbers ? folders.find((name) => !byIndex.has(Number(name))) : undefined
  const names = byName(labels)
  const lookup = areNumbers && beyond === undefined && !areNames(folders, labels, names) ? undefined : names
  // numbers may be names, too
  if (beyond !== undefined && folders.some((name) => !lookup!.has(normal(name)))) {
    const last = Math.max(...byIndex.keys())
    throw new TacoError('UNKNOWN_CLASS', `the model knows no class ${beyond}: its indices go up to ${last}`)
  }
  const matched = folders.map((name) => (lookup ? find(name, lookup) : byIndex.get(Number(name))!))
  const taken = new Map<number, string>()
  for (const [i, label] of matched.entries()) {
    const other = taken.get(label.index)
    if (other !== undefined) {
      throw new TacoError(
        'INVALID_DATA',
        `the folders '${other}' and '${folders[i]}' are the same class: ${describe(label)}; merge them`,
      )
    }
    taken.set(label.index, folders[i])
  }
  return matched
}

/**
 * Whether folders that could be indices are the names of other classes: in a model whose classes all have numbers for names,
 * as digits or years, they are. Throws UNKNOWN_CLASS where only some have, for both could be meant.
 */
function areNames(folders: readonly string[], labels: readonly Label[], lookup: Lookup): boolean {
  const named = folders.map((name) => lookup.get(normal(name)) ?? [])
  const different = named.findIndex(([label], i) => label && label.index !== Number(folders[i]))
  if (different < 0 || named.some((found) => found.length !== 1)) return false
  if (labels.every(({ name }) => isNumber(name.trim()))) return true
  throw new TacoError(
    'UNKNOWN_CLASS',
    `the folder '${folders[different]}' is the index of one class and the name of another: ${describe(named[different]![0]!)}; name the folders by wnid`,
  )
}

const isNumber = (name: string): boolean => /^\d+$/.test(name)

/** Labels by everything that they may be called. */
type Lookup = ReadonlyMap<string, readonly Label[]>

function byName(labels: readonly Label[]): Lookup {
  const lookup = new Map<string, Label[]>()
  for (const label of labels) {
    const names = [label.wnid ?? '', label.name, ...label.name.split(',')].map(normal)
    for (const name of new Set(names)) {
      if (name === '') continue
      const known = lookup.get(name)
      if (known) known.push(label)
      else lookup.set(name, [label])
    }
  }
  return lookup
}

function find(folder: string, lookup: Lookup): Label {
  const name = normal(folder)
  const wnid = /^n\d{8}(?= |$)/.exec(name)?.[0]
  const found = lookup.get(name) ?? (wnid ? lookup.get(wnid) : undefined) ?? []
  if (found.length === 1) return found[0]
  if (found.length > 1) {
    const all = found.map((label) => describe(label)).join('; ')
    throw new TacoError(
      'UNKNOWN_CLASS',
      `'${folder}' is the name of several classes: ${all}; name the folder by index or wnid`,
    )
  }
  if ([...lookup.values()].every((named) => named.every((label) => label.name === String(label.index)))) {
    throw new TacoError(
      'UNKNOWN_CLASS',
      `the model says no names of its classes, so '${folder}' cannot be found among them: give its label file (--labels), or name the folders by index`,
    )
  }
  const near = nearest(name, [...lookup.keys()], 3).map((key) => describe(lookup.get(key)![0], key))
  const hint = isNumber(folder)
    ? ': name either all folders by index or none'
    : near.length > 0
      ? `; near: ${[...new Set(near)].join('; ')}`
      : '; name the folder by index, wnid or name'
  throw new TacoError('UNKNOWN_CLASS', `the model knows no class '${folder}'${hint}`)
}

const normal = (text: string): string =>
  text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[\s_-]+/g, ' ')
    .trim()

function describe({ index, name, wnid }: Label, calledAs?: string): string {
  const shown = calledAs === undefined || calledAs === wnid ? name : calledAs
  return `'${shown}' (${wnid ? `${index}, ${wnid}` : index})`
}
