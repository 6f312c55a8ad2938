import type { Pattern } from './pattern.js'

/**
 * What an unstructured or a block pattern keeps or prunes as one: blocks of `height` outputs × `width` inputs, single
 * weights where unstructured. Unit (i, j) has the index i·across + j; at the edges units are smaller.
 */
export interface Units {
  readonly rows: number
  readonly cols: number
  readonly height: number
  readonly width: number
  readonly down: number
  readonly across: number
  /** down·across. */
  readonly count: number
}

export function unitsOf(rows: number, cols: number, pattern: Exclude<Pattern, { kind: 'nm' }>): Units {
  const [height, width] = pattern.kind === 'block' ? [pattern.rows, pattern.cols] : [1, 1]
  const [down, across] = [Math.ceil(rows / height), Math.ceil(cols / width)]
  return { rows, cols, height, width, down, across, count: down * across }
}

/** Sums of non-negative `scores` [rows, cols] over the units; the scores themselves where units are single weights. */
export function sumOverUnits<T extends Float32Array | Float64Array>(scores: T, units: Units): T {
  const { rows, cols, height, width, across, count } = units
  if (height === 1 && width === 1) return scores
  const sums = new (scores.constructor as new (length: number) => T)(count)
  for (let row = 0, i = 0; row < rows; row++) {
    for (let j = 0, u = Math.floor(row / height) * across; j < cols; u++) {
      let sum = sums[u]
      for (const end = Math.min(j + width, cols); j < end; j++, i++) sum += scores[i]
      sums[u] = sum
    }
  }
  return sums
}

/** Sets the weights of `mask` [rows, cols] to 0 whose unit is 1 in `chosen`. */
export function pruneUnits(mask: Uint8Array, chosen: Uint8Array, units: Units): void {
  const { rows, cols, height, width, across } = units
  if (height === 1 && width === 1) {
    for (let i = 0; i < mask.length; i++) mask[i] &= 1 - chosen[i]
    return
  }
  for (let row = 0, i = 0; row < rows; row++) {
    for (let j = 0, u = Math.floor(row / height) * across; j < cols; u++) {
      const kept = 1 - chosen[u]
      for (const end = Math.min(j + width, cols); j < end; j++, i++) mask[i] &= kept
    }
  }
}
