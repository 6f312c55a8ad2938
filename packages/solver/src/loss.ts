import type { Linalg } from '@tacojs/linalg'
import type { DampedProblem } from './damp.js'
import { timesDamped } from './dense.js'

/** Σ aᵢbᵢ. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

/** A − B. */
export function subtract(a: Float64Array, b: Float64Array): Float64Array {
  const result = new Float64Array(a.length)
  for (let i = 0; i < a.length; i++) result[i] = a[i] - b[i]
  return result
}

/** A + factor·B. */
export function plus(a: Float64Array, factor: number, b: Float64Array): Float64Array {
  const result = new Float64Array(a.length)
  for (let i = 0; i < a.length; i++) result[i] = a[i] + factor * b[i]
  return result
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
  const difference = subtract(problem.target, weights)
  const residual = timesDamped(linalg, difference, h, problem.lambda, rows, cols)
  return { loss: Math.max(0, dot(difference, residual)), residual }
}

/** The loss of each row, from weights and their residual. */
export function lossPerRow(problem: DampedProblem, weights: Float64Array, residual: Float64Array): Float64Array {
  const { target } = problem
  const { rows, cols } = problem.problem
  const losses = new Float64Array(rows)
  for (let row = 0, i = 0; row < rows; row++) {
    let loss = 0
    for (const end = i + cols; i < end; i++) loss += (target[i] - weights[i]) * residual[i]
    losses[row] = loss
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
  for (let i = 0; i < a.length; i++) {
    const difference = a[i] - b[i]
    sum += difference * difference
  }
  return sum
}
