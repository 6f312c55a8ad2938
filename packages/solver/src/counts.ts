import { TacoError } from '@tacojs/errors'
import type { Pattern } from './pattern.js'

/** Zeros of `count` weights at a sparsity: ⌊count·s⌋; the 1e-9 forgives 0.1 · 10 · 3 = 3.0000000000000004 and its kin. */
export function zerosOf(count: number, sparsity: number): number {
  return Math.min(count, Math.floor(count * sparsity + 1e-9))
}

/**
 * Kept weights of an n:m group that has `width` columns. A tail group (width < m, when m does not divide the columns)
 * keeps proportionally, ⌈width·n/m⌉: padded with zeros to m it still is an n:m group.
 */
export function keptOfGroup(width: number, n: number, m: number): number {
  return width === m ? n : Math.ceil((width * n) / m)
}

/**
 * Non-zeros that a layer keeps. Unstructured: rows·cols − ⌊rows·cols·sparsity⌋. An n:m pattern decides alone, and
 * `sparsity` is not looked at. Throws INVALID_ARGUMENT when an unstructured sparsity is not a number in [0, 1].
 */
export function keptOfLayer(rows: number, cols: number, pattern: Pattern, sparsity: number | undefined): number {
  if (pattern.kind === 'nm') {
    const { n, m } = pattern
    return rows * (Math.floor(cols / m) * n + keptOfGroup(cols % m, n, m))
  }
  if (sparsity === undefined || !(sparsity >= 0 && sparsity <= 1)) {
    throw new TacoError('INVALID_ARGUMENT', `sparsity ${sparsity}: give a number from 0 (dense) to 1 (all zero)`)
  }
  return rows * cols - zerosOf(rows * cols, sparsity)
}
