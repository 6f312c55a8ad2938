import type { Linalg } from '@tacojs/linalg'
import type { DampedProblem } from './damp.js'
import { dot, excess } from './loss.js'
import type { Candidate } from './method.js'
import { refitByGradients } from './refit-gradient.js'
import { cubesOfSupports, refitRows } from './refit-rows.js'

export type RefitKind = 'cholesky' | 'conjugate-gradient' | 'none'

/**
 * Conjugate gradients take about 40 products in f32, whose multiply-adds are about 5 times as fast as those of a
 * factorisation in f64, k³/6.
 */
const priceOfGradients = (40 * 6) / 5

/**
 * The best weights on a candidate's mask: per row ŵ_S = (H_SS)⁻¹ (HW*ᵀ)_S. By Cholesky, or by conjugate gradients
 * where that is cheaper. A row keeps the candidate's weights unless its loss falls, so the loss is never raised.
 */
export function refit(
  linalg: Linalg,
  problem: DampedProblem,
  candidate: Candidate,
  options: { kind?: Exclude<RefitKind, 'none'>; signal?: AbortSignal } = {},
): Candidate & { refit: RefitKind } {
  const { rows, cols } = problem.problem
  const { mask } = candidate
  const { kind = cheapest(mask, rows, cols), signal } = options
  const before = excess(linalg, problem, candidate.weights)
  const solve = kind === 'cholesky' ? refitRows : refitByGradients
  const weights = solve(linalg, problem, mask, candidate.weights, before.residual, signal)
  const after = excess(linalg, problem, weights)

  let loss = 0
  let changed = false
  for (let row = 0; row < rows; row++) {
    const [from, to] = [row * cols, (row + 1) * cols]
    const lossOf = (of: Float64Array, residual: Float64Array) =>
      dot(
        problem.target.subarray(from, to).map((w, j) => w - of[from + j]),
        residual.subarray(from, to),
      )
    const [old, next] = [lossOf(candidate.weights, before.residual), lossOf(weights, after.residual)]
    if (next < old) changed = true
    else weights.set(candidate.weights.subarray(from, to), from)
    loss += next < old ? next : old
  }
  return { weights, mask, loss: Math.max(0, loss), refit: changed ? kind : 'none' }
}

function cheapest(mask: Uint8Array, rows: number, cols: number): 'cholesky' | 'conjugate-gradient' {
  return cubesOfSupports(mask, rows, cols) <= priceOfGradients * rows * cols * cols ? 'cholesky' : 'conjugate-gradient'
}
