import type { Linalg } from '@tacojs/linalg'
import type { DampedProblem } from './damp.js'
import { timesDamped } from './dense.js'

/** Σ aᵢbᵢ. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

export interface Excess {
  readonly loss: number
  readonly residual: Float64Array
}

/**
 * loss = tr((Ŵ − W*)H(Ŵ − W*)ᵀ) with the damped H, and the residual R = (W* − Ŵ)H [rows, cols] that it comes from:
 * −½ of the loss's gradient. One product of rows×cols×cols.
 */
export function excess(linalg: Linalg, problem: DampedProblem, weights: Float64Array): Excess {
  const { rows, cols, h } = problem.problem
  const difference = problem.target.map((w, i) => w - weights[i])
  const residual = timesDamped(linalg, difference, h, problem.lambda, rows, cols)
  return { loss: Math.max(0, dot(difference, residual)), residual }
}

/** The loss of each row, from weights and their residual. */
export function lossPerRow(problem: DampedProblem, weights: Float64Array, residual: Float64Array): Float64Array {
  const { target } = problem
  const { rows, cols } = problem.problem
  const losses = new Float64Array(rows)
  for (let row = 0, i = 0; row < rows; row++) {
    for (let j = 0; j < cols; j++, i++) losses[row] += (target[i] - weights[i]) * residual[i]
  }
  return losses
}

/**
 * Undamped ‖Y − ŴX‖² of a Ŵ whose damped excess over W* is `loss`, from the identity
 * error(Ŵ) + λ‖Ŵ − W‖² = error(W*) + λ‖W* − W‖² + loss. Never below 0, where rounding of ‖Y‖² could take it.
 */
export function errorOf(problem: DampedProblem, weights: Float64Array, loss: number): number {
  const dense = problem.problem.weights
  return Math.max(0, problem.objective + loss - problem.lambda * squaredDistance(weights, dense))
}

/** ‖A − B‖². */
export function squaredDistance(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2
  return sum
}
