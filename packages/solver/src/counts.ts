import { TacoError } from '@tacojs/errors'
import { checkFlags } from './flags.js'
import { checkPattern, type Pattern } from './pattern.js'
import { unitsOf } from './units.js'

/** What a layer keeps. Where the warm start (`allowed`) has more zeros than were asked for, they all stay. */
export interface Budget {
  /** Non-zeros of the layer. For block patterns the most that they can be: those that stay may be smaller ones. */
  readonly nonzeros: number
  /** Blocks that stay; block patterns only. */
  readonly blocks?: number
}

/**
 * Zeros of `count` weights at a sparsity: ⌊count·s⌋, but that what rounding alone leaves below a whole number is that
 * number: 41996310 · 0.7 is 29397416.999999996.
 */
export function zerosOf(count: number, sparsity: number): number {
  const zeros = count * sparsity
  return Math.min(count, Math.floor(zeros + Math.max(1e-9, 4 * Number.EPSILON * zeros)))
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
 *
 * @param allowed [rows, cols], 1 = may be kept; all unless given
 * @throws INVALID_ARGUMENT for a pattern that is none, a sparsity that is needed and is not a number in [0, 1], and a
 * flag of `allowed` that is neither 1 nor 0; SHAPE_MISMATCH for an `allowed` of another length.
 */
export function budgetOf(
  rows: number,
  cols: number,
  pattern: Pattern,
  sparsity: number | undefined,
  allowed?: Uint8Array,
): Budget {
  checkPattern(pattern)
  if (allowed) checkFlags('allowed', allowed, rows, cols)
  if (pattern.kind === 'nm') return { nonzeros: keptOfGroups(rows, cols, pattern, allowed) }
  if (typeof sparsity !== 'number' || !(sparsity >= 0 && sparsity <= 1)) {
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
