import { TacoError } from '@tacojs/errors'
import { storedBytes, type StoredType } from '../stored-type.js'

export const MAX_HEADER = 25_000_000
const MAX_RANK = 8

export const storedTypes: ReadonlyMap<string, StoredType> = new Map([
  ['F64', 'float64'],
  ['F32', 'float32'],
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
  ['I64', 'int64'],
  ['I32', 'int32'],
  ['I16', 'int16'],
  ['I8', 'int8'],
  ['U64', 'uint64'],
  ['U32', 'uint32'],
  ['U16', 'uint16'],
  ['U8', 'uint8'],
  ['BOOL', 'bool'],
] satisfies [string, StoredType][])

interface Entry {
  readonly name: string
  readonly type: StoredType
  readonly shape: readonly number[]
  /** Byte offsets from the start of the data. */
  readonly begin: number
  readonly end: number
}

export interface Header {
  readonly entries: readonly Entry[]
  readonly metadata: ReadonlyMap<string, string>
}

const invalid = (why: string): TacoError => new TacoError('INVALID_DATA', `not a valid safetensors file: ${why}`)

/** Checks the header text against the length of the data: kinds, sizes, and that the tensors cover the data exactly. */
export function parseHeader(text: string, dataLength: number): Header {
  const entries: Entry[] = []
  let metadata: ReadonlyMap<string, string> = new Map()
  for (const [name, value] of topLevel(text)) {
    if (name === '__metadata__') metadata = metadataOf(value)
    else entries.push(entryOf(name, value))
  }
  // Empty tensors share their offset with the one that follows.
  const ordered = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)
  let end = 0
  for (const entry of ordered) {
    if (entry.begin !== end) {
      throw invalid(
        `tensor "${entry.name}" starts at byte ${entry.begin}, byte ${end} was expected (a gap or an overlap)`,
      )
    }
    end = entry.end
  }
  if (end !== dataLength) throw invalid(`its tensors take ${end} bytes, it holds ${dataLength}`)
  return { entries, metadata }
}

function topLevel(text: string): [string, unknown][] {
  if (!text.startsWith('{')) throw invalid('its header is not a JSON object')
  let parsed: object
  try {
    parsed = JSON.parse(text) as object
  } catch (cause) {
    throw new TacoError('INVALID_DATA', 'not a valid safetensors file: its header is not JSON', { cause })
  }
  const entries = Object.entries(parsed)
  const names = topLevelKeys(text)
  if (names.length !== entries.length) {
    const twice = names.find((name, i) => names.indexOf(name) !== i)
    throw invalid(`its header names "${twice}" twice`)
  }
  return entries
}

/** The keys as written, in text that is known to be JSON: an object made by JSON.parse hides that a key came twice. */
function topLevelKeys(text: string): string[] {
  const keys: string[] = []
  let depth = 0
  const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const first = match[0][0]
    if (first === '{' || first === '[') depth++
    else if (first === '}' || first === ']') depth--
    else if (match[1] !== undefined && depth === 1) {
      keys.push(JSON.parse(match[0].slice(0, -match[1].length)) as string)
    }
  }
  return keys
}

function metadataOf(value: unknown): Map<string, string> {
  const entries =
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : undefined
  if (!entries?.every((entry): entry is [string, string] => typeof entry[1] === 'string')) {
    throw invalid('its metadata is not an object of strings')
  }
  return new Map(entries)
}

function entryOf(name: string, value: unknown): Entry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>
  const type = storedTypes.get(dtype as string)
  if (!type) {
    if (typeof dtype !== 'string') throw invalid(`tensor "${name}" states no dtype`)
    throw new TacoError('UNSUPPORTED', `tensor "${name}" has dtype ${dtype}, which is not supported`)
  }
  if (!isSizes(shape) || shape.length > MAX_RANK) {
    throw invalid(`tensor "${name}" has no shape of at most ${MAX_RANK} whole numbers`)
  }
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    throw invalid(`tensor "${name}" has no data_offsets of two ascending whole numbers`)
  }
  const bytes = shape.reduce((product, dim) => product * dim, storedBytes(type))
  const [begin, end] = offsets as [number, number]
  if (end - begin !== bytes) throw invalid(`tensor "${name}" needs ${bytes} bytes, its offsets give ${end - begin}`)
  return { name, type, shape, begin, end }
}

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((v) => Number.isSafeInteger(v) && (v as number) >= 0)
