import { float32, fromNumbers, int64, sizeOf, type DType, type Tensor } from '@tacojs/graph'

/** Uniform in [0, 1). */
export type Random = () => number

// looked up once: in the sandbox of a test framework a global costs more than the arithmetic
const { imul, floor } = Math

/** A generator whose numbers depend on the text only: FNV-1a for the seed, mulberry32 for the sequence. */
export function createRandom(text: string): Random {
  let state = 2166136261
  for (const char of text) state = imul(state ^ char.codePointAt(0)!, 16777619)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = imul(state ^ (state >>> 15), 1 | state)
    t = (t + imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

type Maker = (random: Random) => Tensor

/** float32 uniform in [low, high). */
export const uniform =
  (shape: readonly number[], low = -1, high = 1): Maker =>
  (random) =>
    float32(
      shape,
      Array.from({ length: sizeOf(shape) }, () => low + (high - low) * random()),
    )

/** Integers from low to high, both included, in any data type. */
export const integers =
  (shape: readonly number[], low: number, high: number, dtype: DType = 'int64'): Maker =>
  (random) =>
    fromNumbers(
      dtype,
      shape,
      Array.from({ length: sizeOf(shape) }, () => low + floor((high - low + 1) * random())),
    )

export const bools = (shape: readonly number[]): Maker => integers(shape, 0, 1, 'bool')

/** A fixed float32 tensor, and a fixed int64 vector such as a shape or axes. */
export const floats =
  (shape: readonly number[], values: readonly number[]): Maker =>
  () =>
    float32(shape, values)
export const longs =
  (...values: readonly number[]): Maker =>
  () =>
    int64([values.length], values)
