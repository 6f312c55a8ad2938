import { throwIfAborted } from '@tacojs/errors'
import { deadColumns } from './choice.js'
import type { Candidate, MethodContext } from './method.js'
import { pivot, pivotsOf, type Pivots } from './pivots.js'
import { fitMask } from './refit.js'

/** Swaps between two computations of the sweep matrix from H: rounding does not add up. */
const swapsPerFactor = 32
/** A pair must win more than this part of the row's w*Hw*ᵀ: less could be rounding, and go round in circles. */
const least = 1e-10

/**
 * Exchanges, row by row, a pruned weight for a kept one while that lowers the loss: always the pair that lowers it most.
 * With the sweep matrix M of the row, j in and i out is worth
 *
 *   v_j²/M_jj − (v_i − M_ij·v_j/M_jj)² / (M_ij²/M_jj − M_ii)
 *
 * Rows keep their numbers of weights; with an n:m pattern i and j are of one group. Weights are fitted at the end.
 * Costs up to cols³/2 multiply-adds per row and 3·cols² per swap, in f64. Not for blocks, whose rows share their choice.
 */
export function swap(context: MethodContext, candidate: Candidate): Candidate {
  const { linalg, problem, pattern, allowed, signal } = context
  const { rows, cols } = problem.problem
  const h = problem.problem.h.slice()
  for (let j = 0; j < cols; j++) h[j * cols + j] += problem.lambda
  const dead = deadColumns(context)
  const group = Int32Array.from({ length: cols }, (_, j) => (pattern.kind === 'nm' ? Math.floor(j / pattern.m) : 0))
  const mask = candidate.mask.slice()
  for (let row = 0; row < rows; row++) {
    throwIfAborted(signal)
    const [from, to] = [row * cols, (row + 1) * cols]
    const b = problem.product.subarray(from, to)
    const tolerance = least * Math.abs(problem.target.subarray(from, to).reduce((sum, w, j) => sum + w * b[j], 0))
    const mayEnter = Uint8Array.from({ length: cols }, (_, j) => (dead[j] || allowed?.[from + j] === 0 ? 0 : 1))
    const kept = mask.subarray(from, to)
    let left = cols
    for (let again = true; again && left > 0;) {
      again = false
      const pivots = pivotsOf(linalg, h, b, kept)
      for (let n = 0; pivots && n < swapsPerFactor && left > 0; n++, left--) {
        const pair = bestPair(pivots, h, mayEnter, group)
        if (!pair || !(pair.gain > tolerance)) break
        pivot(pivots, pair.enters)
        pivot(pivots, pair.leaves)
        kept.set(pivots.kept)
        again = n === swapsPerFactor - 1
      }
    }
  }
  const fitted = fitMask(linalg, problem, mask, { signal })
  return fitted.loss < candidate.loss ? fitted : candidate
}

function bestPair(
  { m, v, kept }: Pivots,
  h: Float64Array,
  mayEnter: Uint8Array,
  group: Int32Array,
): { enters: number; leaves: number; gain: number } | undefined {
  const cols = v.length
  let best: { enters: number; leaves: number; gain: number } | undefined
  for (let j = 0; j < cols; j++) {
    const d = m[j * cols + j]
    // Nearly a combination of what is kept: nothing but rounding would be divided by.
    if (kept[j] || !mayEnter[j] || !(d > 1e-12 * h[j * cols + j])) continue
    const step = v[j] / d
    const won = v[j] * step
    if (best && won <= best.gain) continue
    for (let i = 0; i < cols; i++) {
      if (!kept[i] || group[i] !== group[j]) continue
      const across = m[j * cols + i]
      const w = v[i] - across * step
      const gain = won - (w * w) / ((across * across) / d - m[i * cols + i])
      if (!best || gain > best.gain) best = { enters: j, leaves: i, gain }
    }
  }
  return best
}
