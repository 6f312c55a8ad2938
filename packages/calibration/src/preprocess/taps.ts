import type { Filter } from './filters.js'

/** Which source pixels make each target pixel along one axis, and with what weight. */
export interface Taps {
  /** First source pixel of each target pixel. */
  readonly first: Int32Array
  /** Number of source pixels of each target pixel, at most `stride`. */
  readonly count: Int32Array
  readonly stride: number
  /** Fixed-point weights, `stride` per target pixel. */
  readonly weights: Int32Array
}

/** Bits after the point: 8 of an int32 are taken by the pixel, 2 by overshoot and sign. */
export const FRACTION_BITS = 32 - 8 - 2

/**
 * The taps of target pixels `from` to `from + length` of an axis of `source` pixels that is resized to `target` pixels.
 * As in Pillow, the kernel widens with the scale when the axis shrinks (antialiasing), is cut at the borders, is
 * normalised in double precision and only then rounded to fixed point (half away from zero).
 */
export function kernelTaps(source: number, target: number, filter: Filter, from: number, length: number): Taps {
  const scale = source / target
  const stretch = Math.max(scale, 1)
  const support = filter.support * stretch
  const stride = Math.min(Math.ceil(support) * 2 + 1, source)
  const taps = {
    first: new Int32Array(length),
    count: new Int32Array(length),
    stride,
    weights: new Int32Array(stride * length),
  }
  const inverse = 1 / stretch
  const row = new Float64Array(stride)
  for (let i = 0; i < length; i++) {
    const center = (from + i + 0.5) * scale
    const first = Math.max(0, Math.trunc(center - support + 0.5))
    const count = Math.min(source, Math.trunc(center + support + 0.5)) - first
    let sum = 0
    for (let k = 0; k < count; k++) sum += row[k] = filter.weight((k + first - center + 0.5) * inverse)
    for (let k = 0; k < count; k++) {
      const w = (sum === 0 ? row[k] : row[k] / sum) * 2 ** FRACTION_BITS
      taps.weights[i * stride + k] = Math.trunc(w < 0 ? w - 0.5 : w + 0.5)
    }
    taps.first[i] = first
    taps.count[i] = count
  }
  return taps
}

/** The source pixel of each target pixel. The coordinate is summed up step by step, since Pillow's rounding does so too. */
export function nearestTaps(source: number, target: number, from: number, length: number): Taps {
  const scale = source / target
  const first = new Int32Array(length)
  let at = scale * 0.5
  for (let i = 0; i < from + length; i++, at += scale) if (i >= from) first[i - from] = Math.min(source - 1, at)
  const one = 2 ** FRACTION_BITS
  return { first, count: new Int32Array(length).fill(1), stride: 1, weights: new Int32Array(length).fill(one) }
}
