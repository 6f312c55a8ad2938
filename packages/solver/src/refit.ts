import type { Linalg } from '@tacojs/linalg'
import type { DampedProblem } from './damp.js'
import { dot, excess } from './loss.js'
import type { Candidate } from './method.js'
import { refitByGradients } from './refit-gradient.js'
import { costOfRefitRows, refitRows } from './refit-rows.js'

export type RefitKind = 'cholesky' | 'conjugate-gradient' | 'none'

/** Products that conjugate gradients take, about, times how much faster a product does its arithmetic than a factorisation. */
const gradientProducts = 40

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
  return costOfRefitRows(mask, rows, cols) <= gradientProducts * rows * cols * cols ? 'cholesky' : 'conjugate-gradient'
}
