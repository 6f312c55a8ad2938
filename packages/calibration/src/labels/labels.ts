import { readFile } from 'node:fs/promises'
import { TacoError } from '@tacojs/errors'

/** One class of a model: its index in the logits and what it is called (synonyms separated by commas). */
export interface Label {
  readonly index: number
  readonly name: string
  /** WordNet id, e.g. n01440764. */
  readonly wnid?: string
}

/** What the labels of a file are for. */
export interface LabelledModel {
  /** How many it tells apart. */
  readonly classes: number
  readonly onWarning?: (text: string) => void
}

const isWnid = (text: string): boolean => /^n\d{8}$/.test(text)

/**
 * A model's labels from a JSON file (given its path) or from the parsed JSON, ordered by index:
 *
 * - `[{ "index": 0, "wnid": "n01440764", "name": "tench" }]`; wnid may be missing
 * - `["tench", …]`: the position is the index
 * - `{ "0": "tench" }` or `{ "0": ["n01440764", "tench"] }`
 * - `{ "n01440764": "tench" }`: the index is the wnid's rank, as in ImageNet
 * - `{ "tench": 0 }` or `{ "n01440764": 0 }`
 *
 * Throws NOT_FOUND or IO for a file that cannot be read, INVALID_DATA saying which entry is wrong, or that there are more
 * labels than the model has classes. That there are fewer is warned of where places in the file decide what is what.
 */
export async function loadLabels(source: unknown, model?: LabelledModel): Promise<Label[]> {
  if (typeof source !== 'string') return fitting(parseLabels(source), source, 'the label list', model)
  let text: string
  try {
    text = await readFile(source, 'utf8')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new TacoError('NOT_FOUND', `there is no label file '${source}'`, { cause })
    throw new TacoError('IO', `cannot read the label file '${source}': ${message}`, { cause })
  }
  let json: unknown
  try {
    // some editors begin a file with the mark of its byte order
    json = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (cause) {
    throw new TacoError('INVALID_DATA', `'${source}' is not JSON: ${(cause as Error).message}`, { cause })
  }
  return fitting(parseLabels(json, `'${source}'`), json, `'${source}'`, model)
}

/** The labels themselves, where they can be those of the model. */
function fitting(labels: Label[], json: unknown, where: string, model: LabelledModel | undefined): Label[] {
  if (!model) return labels
  const { classes, onWarning } = model
  const last = labels[labels.length - 1].index
  if (last >= classes) {
    const many = labels.length > classes ? `${labels.length} labels` : `a label of index ${last}`
    throw new TacoError(
      'INVALID_DATA',
      `${where} has ${many}, but the model has ${classes} classes, from 0 to ${classes - 1}; give its own label file`,
    )
  }
  if (labels.length < classes && goesByPlace(json as object)) {
    onWarning?.(
      `${where} names ${labels.length} classes in order, but the model has ${classes}: where one is left out before the end, all later ones have a wrong name`,
    )
  }
  return labels
}

/** Whether an entry's place, in the file or among the wnids, is its index: one that is missing moves all others. */
const goesByPlace = (json: object): boolean =>
  Array.isArray(json)
    ? json.some((entry) => typeof entry === 'string')
    : Object.entries(json).some(([key, name]) => isWnid(key) && typeof name === 'string')

/** The same from parsed JSON alone; `where` names it in errors. */
export function parseLabels(json: unknown, where = 'the label list'): Label[] {
  const bad = (what: string): never => {
    throw new TacoError('INVALID_DATA', `${where}: ${what}`)
  }
  if (typeof json !== 'object' || json === null) bad('a list or an object of labels is needed')
  const labels = Array.isArray(json) ? json.map(fromEntry) : fromObject(json as Record<string, unknown>)
  if (labels.length === 0) bad('there are no labels')
  const seen = new Set<unknown>()
  for (const [i, label] of labels.entries()) {
    const at = `entry ${Array.isArray(json) ? i : JSON.stringify(Object.keys(json as object)[i])}`
    const { index, name, wnid } = label ?? bad(`${at} is neither a name nor { index, name }`)
    if (!Number.isSafeInteger(index) || (index as number) < 0) bad(`${at} has index ${JSON.stringify(index)}`)
    if (seen.has(index)) bad(`${at} has index ${index} a second time`)
    if (typeof name !== 'string' || name.trim() === '') bad(`${at} has no name`)
    if (wnid !== undefined && typeof wnid !== 'string') bad(`${at} has a wnid that is no text`)
    seen.add(index)
  }
  return (labels as Label[]).sort((a, b) => a.index - b.index)
}

/** Not checked yet. */
type Draft = { readonly [K in keyof Label]: unknown } | undefined

function fromEntry(entry: unknown, position: number): Draft {
  if (typeof entry === 'string') return { index: position, name: entry }
  if (typeof entry !== 'object' || entry === null) return undefined
  const { index, name, wnid } = entry as Record<string, unknown>
  return { index, name, ...(wnid === undefined || wnid === null ? {} : { wnid }) }
}

function fromObject(json: Record<string, unknown>): Draft[] {
  const keys = Object.keys(json)
  const rank = new Map([...keys].sort().map((key, i) => [key, i]))
  return keys.map((key): Draft => {
    const value = json[key]
    if (typeof value === 'number') return { index: value, name: key, ...(isWnid(key) ? { wnid: key } : {}) }
    if (/^\d+$/.test(key)) {
      if (!Array.isArray(value)) return { index: Number(key), name: value }
      return { index: Number(key), name: value[1], wnid: value[0] }
    }
    return isWnid(key) ? { index: rank.get(key), name: value, wnid: key } : undefined
  })
}
