import { TacoError } from '@tacojs/errors'
import type { Pattern } from './pattern.js'
import { unitsOf } from './units.js'

/** What a layer keeps. Where the warm start (`allowed`) has more zeros than were asked for, they all stay. */
export interface Budget {
  /** Non-zeros of the layer. For block patterns the most that they can be: those that stay may be smaller ones. */
  readonly nonzeros: number
  /** Blocks that stay; block patterns only. */
  readonly blocks?: number
}

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
 * The budget of a layer. Unstructured: rows·cols − ⌊rows·cols·sparsity⌋ weights; blocks: their number less
 * ⌊number·sparsity⌋, but never more than hold an allowed weight. An n:m pattern decides alone, `sparsity` is not looked
 * at, and a group with fewer allowed weights than n keeps those.
 * Throws INVALID_ARGUMENT when a sparsity that is needed is not a number in [0, 1].
 */
export function budgetOf(
  rows: number,
  cols: number,
  pattern: Pattern,
  sparsity: number | undefined,
  allowed?: Uint8Array,
): Budget {
  if (pattern.kind === 'nm') return { nonzeros: keptOfGroups(rows, cols, pattern, allowed) }
  if (sparsity === undefined || !(sparsity >= 0 && sparsity <= 1)) {
    throw new TacoError('INVALID_ARGUMENT', `sparsity ${sparsity}: give a number from 0 (dense) to 1 (all zero)`)
  }
  const units = unitsOf(rows, cols, pattern)
  const asked = units.count - zerosOf(units.count, sparsity)
  const kept = allowed ? Math.min(asked, allowedUnits(allowed, rows, cols, pattern)) : asked
  if (pattern.kind === 'unstructured') return { nonzeros: kept }
  const largest = Math.min(pattern.rows, rows) * Math.min(pattern.cols, cols)
  return { nonzeros: Math.min(kept * largest, rows * cols), blocks: kept }
}

function keptOfGroups(
  rows: number,
  cols: number,
  { n, m }: { readonly n: number; readonly m: number },
  allowed: Uint8Array | undefined,
): number {
  if (!allowed) return rows * (Math.floor(cols / m) * n + keptOfGroup(cols % m, n, m))
  let kept = 0
  for (let row = 0; row < rows; row++) {
    for (let from = 0; from < cols; from += m) {
      const width = Math.min(m, cols - from)
      let free = 0
      for (let j = from; j < from + width; j++) free += allowed[row * cols + j]
      kept += Math.min(free, keptOfGroup(width, n, m))
    }
  }
  return kept
}

function allowedUnits(
  allowed: Uint8Array,
  rows: number,
  cols: number,
  pattern: Exclude<Pattern, { kind: 'nm' }>,
): number {
  const { height, width, across, count } = unitsOf(rows, cols, pattern)
  const holds = new Uint8Array(count)
  for (let i = 0; i < allowed.length; i++) {
    if (allowed[i]) holds[Math.floor(Math.floor(i / cols) / height) * across + Math.floor((i % cols) / width)] = 1
  }
  return holds.reduce((sum, h) => sum + h, 0)
}
