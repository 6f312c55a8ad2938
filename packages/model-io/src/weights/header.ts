import { TacoError } from '@tacojs/errors'
import { bytesPerElement, sizeOf, type DType, type Sparsity } from '@tacojs/graph'
import type { PositionCoding } from './positions.js'

/** A run of bytes of the payload. */
export interface Span {
  readonly offset: number
  readonly length: number
  /** Bytes that it has once it is inflated; absent where it is not compressed. */
  readonly inflated?: number
}

export interface WeightEntry {
  readonly name: string
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly coding: 'dense' | PositionCoding
  /** Elements that are stored: all of a dense tensor's. */
  readonly stored: number
  /** How the values of a float32 tensor are stored; absent: as they are. */
  readonly as?: 'float16' | 'int8'
  /** Of int8: which axis has a scale for each channel. */
  readonly axis?: number
  readonly scales?: Span
  readonly values: Span
  /** Absent for dense tensors. */
  readonly positions?: Span
  readonly sparsity?: Sparsity
}

const dtypes: readonly DType[] = [
  'float32',
  'float64',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
]

/** Bytes per stored value. */
export const valueBytes = ({ dtype, as }: Pick<WeightEntry, 'dtype' | 'as'>): number =>
  as === 'int8' ? 1 : as === 'float16' ? 2 : bytesPerElement(dtype)

/**
 * Reads the header's text; every span is checked against the payload and every length against the shape, those of
 * compressed spans too. Version 1 states offsets, at multiples of 8, and compresses nothing.
 */
export function parseWeightHeader(text: string, payload: number, version: number): WeightEntry[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new TacoError('INVALID_DATA', 'not a valid weights file: its header is not JSON', { cause })
  }
  const tensors = (json as { tensors?: unknown } | null)?.tensors
  if (!Array.isArray(tensors)) throw invalid('its header lists no tensors')
  const names = new Set<string>()
  const take = version === 1 ? alignedSpans(payload) : packedSpans(payload)
  const entries = tensors.map((value: unknown): WeightEntry => {
    const fields = (value ?? {}) as Record<string, unknown>
    const { name, sparsity } = fields
    if (typeof name !== 'string' || names.has(name))
      throw invalid(`tensor name ${JSON.stringify(name)} is wrong or twice`)
    names.add(name)
    const entry = { name, ...shapeOf(fields, name), ...(version === 1 ? {} : formOf(fields, name)) }
    const { shape, stored, coding, axis } = entry
    if (entry.as === 'int8' && (entry.dtype !== 'float32' || axis! >= shape.length)) {
      throw invalid(`tensor "${name}" has no channels along axis ${axis}`)
    }
    const sparse = coding !== 'dense'
    if (sparse && entry.dtype !== 'float32') throw invalid(`tensor "${name}" is sparse but not float32`)
    return {
      ...entry,
      ...(entry.as === 'int8' ? { scales: take(fields.scales, name, 4 * shape[axis!]!) } : {}),
      ...(sparse
        ? {
            positions:
              coding === 'bitmask'
                ? take(fields.positions, name, Math.ceil(sizeOf(shape) / 8))
                : take(fields.positions, name, stored, 5 * stored),
          }
        : {}),
      values: take(fields.values, name, stored * valueBytes(entry)),
      ...(sparsity === undefined ? {} : { sparsity: sparsityOf(sparsity, name) }),
    }
  })
  take.finish()
  return entries
}

function shapeOf(fields: Record<string, unknown>, name: string) {
  const { dtype, shape, coding, stored } = fields
  if (!dtypes.includes(dtype as DType)) throw invalid(`tensor "${name}" has the data type ${String(dtype)}`)
  if (!Array.isArray(shape) || shape.length > 8 || !shape.every(isSize)) throw invalid(`tensor "${name}" has no shape`)
  const size = sizeOf(shape)
  if (coding !== 'bitmask' && coding !== 'delta' && coding !== 'dense') {
    throw invalid(`tensor "${name}" has the coding ${String(coding)}`)
  }
  if (!isSize(stored) || stored > size || size > 2 ** 32 - 1 || (coding === 'dense' && stored !== size)) {
    throw invalid(`tensor "${name}" stores ${String(stored)} of ${size} elements`)
  }
  return { dtype: dtype as DType, shape: shape as number[], coding, stored } as const
}

function formOf({ dtype, as, axis }: Record<string, unknown>, name: string): Pick<WeightEntry, 'as' | 'axis'> {
  if (as === undefined) return {}
  if (as === 'float16' && dtype === 'float32') return { as }
  if (as === 'int8' && isSize(axis)) return { as, axis }
  throw invalid(`tensor "${name}" is stored as ${String(as)}`)
}

interface Spans {
  /** The next span, which must give between `least` and `most` bytes once it is inflated. */
  (value: unknown, name: string, least: number, most?: number): Span
  /** Throws where bytes are left over. */
  finish(): void
}

/** Spans that lie end to end: a byte is never used twice. */
function packedSpans(payload: number): Spans {
  let end = 0
  const take = (value: unknown, name: string, least: number, most = least): Span => {
    const { length, inflated } = (value ?? {}) as Record<string, unknown>
    const offset = end
    if (!isSize(length) || length > payload - offset) throw invalid(`tensor "${name}" lies outside of its place`)
    const bytes = inflated ?? length
    if (!isSize(bytes) || bytes < least || bytes > most) {
      throw invalid(`tensor "${name}" has ${String(bytes)} bytes where ${least} are needed`)
    }
    end += length
    return { offset, length, ...(inflated === undefined ? {} : { inflated: bytes }) }
  }
  const finish = (): void => {
    if (end !== payload) throw invalid(`its tensors take ${end} bytes, it holds ${payload}`)
  }
  return Object.assign(take, { finish })
}

function alignedSpans(payload: number): Spans {
  const aligned = (offset: number): number => Math.ceil(offset / 8) * 8
  let end = 0
  const take = (value: unknown, name: string, least: number, most = least): Span => {
    const { offset, length } = (value ?? {}) as Record<string, unknown>
    if (!isSize(offset) || !isSize(length) || offset !== aligned(end) || offset + length > payload) {
      throw invalid(`tensor "${name}" lies outside of its place`)
    }
    if (length < least || length > most) {
      throw invalid(`tensor "${name}" has ${length} bytes where ${least} are needed`)
    }
    end = offset + length
    return { offset, length }
  }
  const finish = (): void => {
    if (aligned(end) !== payload) throw invalid(`its tensors take ${aligned(end)} bytes, it holds ${payload}`)
  }
  return Object.assign(take, { finish })
}

function sparsityOf(value: unknown, name: string): Sparsity {
  const { pattern, nonzeros } = (value ?? {}) as Record<string, unknown>
  if (typeof pattern === 'string' && isSize(nonzeros)) return { pattern, nonzeros }
  throw invalid(`the note on the sparsity of tensor "${name}" is wrong`)
}

const isSize = (v: unknown): v is number => Number.isSafeInteger(v) && (v as number) >= 0

export const invalid = (why: string): TacoError => new TacoError('INVALID_DATA', `not a valid weights file: ${why}`)
