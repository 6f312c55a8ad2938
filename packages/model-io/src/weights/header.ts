import { TacoError } from '@tacojs/errors'
import { bytesPerElement, sizeOf, type DType, type Sparsity } from '@tacojs/graph'
import type { PositionCoding } from './positions.js'

/** A run of bytes of the payload. */
export interface Span {
  readonly offset: number
  readonly length: number
}

export interface WeightEntry {
  readonly name: string
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly coding: 'dense' | PositionCoding
  /** Elements that are stored: all of a dense tensor's. */
  readonly stored: number
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

/** Reads the header's text; every span is checked against the payload and every length against the shape. */
export function parseWeightHeader(text: string, payload: number): WeightEntry[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new TacoError('INVALID_DATA', 'not a valid weights file: its header is not JSON', { cause })
  }
  const tensors = (json as { tensors?: unknown } | null)?.tensors
  if (!Array.isArray(tensors)) throw invalid('its header lists no tensors')
  const names = new Set<string>()
  // The spans lie end to end: a byte is never used twice.
  let end = 0
  const take = (value: unknown, name: string): Span => {
    const { offset, length } = (value ?? {}) as Record<string, unknown>
    if (!isSize(offset) || !isSize(length) || offset !== aligned(end) || offset + length > payload) {
      throw invalid(`tensor "${name}" lies outside of its place`)
    }
    end = offset + length
    return { offset, length }
  }
  const entries = tensors.map((value: unknown) => {
    const { name, dtype, shape, coding, stored, positions, values, sparsity } = (value ?? {}) as Record<string, unknown>
    if (typeof name !== 'string' || names.has(name))
      throw invalid(`tensor name ${JSON.stringify(name)} is wrong or twice`)
    names.add(name)
    if (!dtypes.includes(dtype as DType)) throw invalid(`tensor "${name}" has the data type ${String(dtype)}`)
    if (!Array.isArray(shape) || shape.length > 8 || !shape.every(isSize))
      throw invalid(`tensor "${name}" has no shape`)
    const size = sizeOf(shape)
    const sparse = coding === 'bitmask' || coding === 'delta'
    if (!sparse && coding !== 'dense') throw invalid(`tensor "${name}" has the coding ${String(coding)}`)
    if (!isSize(stored) || stored > size || size > 2 ** 32 - 1 || (!sparse && stored !== size)) {
      throw invalid(`tensor "${name}" stores ${String(stored)} of ${size} elements`)
    }
    const entry: WeightEntry = {
      name,
      dtype: dtype as DType,
      shape,
      coding,
      stored,
      ...(sparse ? { positions: take(positions, name) } : {}),
      values: take(values, name),
      ...(sparsity === undefined ? {} : { sparsity: sparsityOf(sparsity, name) }),
    }
    if (entry.values.length !== stored * bytesPerElement(entry.dtype)) {
      throw invalid(`tensor "${name}" has ${entry.values.length} bytes for ${stored} elements`)
    }
    return entry
  })
  if (aligned(end) !== payload) throw invalid(`its tensors take ${aligned(end)} bytes, it holds ${payload}`)
  return entries
}

/** Every span starts at a multiple of 8 bytes. */
export const aligned = (offset: number): number => Math.ceil(offset / 8) * 8

function sparsityOf(value: unknown, name: string): Sparsity {
  const { pattern, nonzeros } = (value ?? {}) as Record<string, unknown>
  if (typeof pattern === 'string' && isSize(nonzeros)) return { pattern, nonzeros }
  throw invalid(`the note on the sparsity of tensor "${name}" is wrong`)
}

const isSize = (v: unknown): v is number => Number.isSafeInteger(v) && (v as number) >= 0

export const invalid = (why: string): TacoError => new TacoError('INVALID_DATA', `not a valid weights file: ${why}`)
