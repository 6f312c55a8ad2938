import { readFile } from 'node:fs/promises'
import { TacoError } from '@tacojs/errors'

/** One class of a model: its index in the logits and what it is called (synonyms separated by commas). */
export interface Label {
  readonly index: number
  readonly name: string
  /** WordNet id, e.g. n01440764. */
  readonly wnid?: string
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
 * Throws NOT_FOUND or IO for a file that cannot be read, INVALID_DATA saying which entry is wrong.
 */
export async function loadLabels(source: unknown): Promise<Label[]> {
  if (typeof source !== 'string') return parseLabels(source)
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
  return parseLabels(json, `'${source}'`)
}

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
