import { TacoError } from '@tacojs/errors'
import { storedBytes, type StoredType } from '../stored-type.js'

const MAX_HEADER = 25_000_000
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

type Invalid = (why: string) => TacoError

/** The error for a departure from the format; `where` names the file. */
const invalidIn =
  (where: string): Invalid =>
  (why) =>
    new TacoError('INVALID_DATA', `${where} is not valid safetensors: ${why}`)

/** Length of the header from the first 8 bytes of a file of `size` bytes: checked before anything of it is read. */
export function headerLength(start: Uint8Array, size: number, where: string): number {
  const invalid = invalidIn(where)
  if (start.length < 8) throw invalid(`it has ${size} bytes, too few for a header`)
  const length = Number(new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true))
  if (length > MAX_HEADER) throw invalid(`its header states ${length} bytes, at most ${MAX_HEADER} are allowed`)
  if (length > size - 8) throw invalid(`its header states ${length} bytes, more than the file has`)
  return length
}

/** Checks the header against the length of the data: kinds, sizes, and that the tensors cover the data exactly. */
export function parseHeader(bytes: Uint8Array, dataLength: number, where: string): Header {
  const invalid = invalidIn(where)
  const entries: Entry[] = []
  let metadata: ReadonlyMap<string, string> = new Map()
  for (const [name, value] of topLevel(bytes, invalid)) {
    if (name === '__metadata__') metadata = metadataOf(value, invalid)
    else entries.push(entryOf(name, value, where))
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

function topLevel(bytes: Uint8Array, invalid: Invalid): [string, unknown][] {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw invalid('its header is not UTF-8')
  }
  if (!text.startsWith('{')) throw invalid('its header is not a JSON object')
  let parsed: object
  try {
    parsed = JSON.parse(text) as object
  } catch {
    throw invalid('its header is not JSON')
  }
  const twice = repeatedKey(text)
  if (twice !== undefined) throw invalid(`its header names "${twice}" twice`)
  return Object.entries(parsed)
}

/** A key that an object has twice, in text that is known to be JSON: what JSON.parse makes of it hides that. */
function repeatedKey(text: string): string | undefined {
  const open: Set<string>[] = []
  const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g
  for (let match = token.exec(text); match; match = token.exec(text)) {
    if (match[0] === '{') open.push(new Set())
    else if (match[0] === '}') open.pop()
    else if (match[1] !== undefined) {
      const key = JSON.parse(match[0].slice(0, -match[1].length)) as string
      const keys = open[open.length - 1]!
      if (keys.has(key)) return key
      keys.add(key)
    }
  }
  return undefined
}

function metadataOf(value: unknown, invalid: Invalid): Map<string, string> {
  const entries =
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : undefined
  if (!entries?.every((entry): entry is [string, string] => typeof entry[1] === 'string')) {
    throw invalid('its metadata is not an object of strings')
  }
  return new Map(entries)
}

function entryOf(name: string, value: unknown, where: string): Entry {
  const invalid = invalidIn(where)
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>
  const type = storedTypes.get(dtype as string)
  if (!type) {
    if (typeof dtype !== 'string') throw invalid(`tensor "${name}" states no dtype`)
    throw new TacoError('UNSUPPORTED', `${where}: tensor "${name}" has dtype ${dtype}, which is not supported`)
  }
  if (!isSizes(shape) || shape.length > MAX_RANK) {
    throw invalid(`tensor "${name}" has no shape of at most ${MAX_RANK} whole numbers`)
  }
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    throw invalid(`tensor "${name}" has no data_offsets of two ascending whole numbers`)
  }
  let bytes = storedBytes(type)
  for (const size of shape) {
    bytes *= size
    if (!Number.isSafeInteger(bytes)) throw invalid(`tensor "${name}" has a shape that needs more than 2^53 bytes`)
  }
  const [begin, end] = offsets as [number, number]
  if (end - begin !== bytes) throw invalid(`tensor "${name}" needs ${bytes} bytes, its offsets give ${end - begin}`)
  return { name, type, shape, begin, end }
}

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((v) => Number.isSafeInteger(v) && (v as number) >= 0)
