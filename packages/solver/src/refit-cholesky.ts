import type { Linalg } from '@tacojs/linalg'
import { descend, leastLosses, tolerance, type Product } from './conjugate-gradients.js'
import type { DampedProblem } from './damp.js'
import { timesDamped } from './dense.js'
import { lossesOf, takeBetter, takeRows, type FittedRows } from './fitted-rows.js'
import { lossPerRow } from './loss.js'
import { refitRows } from './refit-rows.js'
import { rowsBySupport } from './supports.js'

/**
 * The refit by one factorisation per support. Where H_SS is so near to singular that it cannot be factored, or that
 * rounding leaves no fit, conjugate gradients in f64 go on from W* on the mask, or from the given weights where those
 * lose less. Starts from the given weights and their residual [rows, cols].
 */
export function refitByCholesky(
  linalg: Linalg,
  problem: DampedProblem,
  mask: Uint8Array,
  start: Float64Array,
  residual: Float64Array,
  signal?: AbortSignal,
): FittedRows & { readonly exact: boolean } {
  const { rows, cols, h } = problem.problem
  const all = Int32Array.from({ length: rows }, (_, row) => row)
  const groups = rowsBySupport(mask, all, cols)
  const fitted = lossesOf(linalg, problem, refitRows(linalg, problem, mask, groups, start, residual, signal))
  const left = unsolved(problem, mask, fitted)
  if (left.length === 0) return { ...fitted, exact: true }

  const given = { weights: start, residual, losses: lossPerRow(problem, start, residual) }
  takeRows(fitted, given, left, cols)
  const masked = problem.target.map((w, i) => (mask[i] ? w : 0))
  takeBetter(linalg, problem, fitted, masked, left)
  const weights = fitted.weights.slice()
  const times: Product = (d, count) => timesDamped(linalg, d, h, problem.lambda, count, cols)
  descend(problem, mask, weights, fitted.residual, left, times, { most: Infinity, signal })
  takeBetter(linalg, problem, fitted, weights, left)
  return { ...fitted, exact: false }
}

/** Rows that are no fit: more is left of their residuals on the supports than would be after the iterations. */
function unsolved(problem: DampedProblem, mask: Uint8Array, { residual, losses }: FittedRows): Int32Array {
  const { cols, h } = problem.problem
  const least = leastLosses(problem)
  return Int32Array.from(losses.keys()).filter((row) => {
    let square = 0
    for (let j = 0, i = row * cols; j < cols; j++, i++) {
      if (mask[i] && residual[i] !== 0) square += (residual[i] * residual[i]) / (h[j * cols + j] + problem.lambda)
    }
    return !(square <= Math.max(tolerance * losses[row], least[row]))
  })
}
