import type { Linalg } from '@tacojs/linalg'
import type { DampedProblem } from './damp.js'
import { timesDamped } from './dense.js'
import { excess, lossPerRow } from './loss.js'

/** Weights, and what they lose. */
export interface FittedRows {
  /** Ŵ [rows, cols]. */
  readonly weights: Float64Array
  /** (W* − Ŵ)(H + λI) [rows, cols]. */
  readonly residual: Float64Array
  /** [rows]. */
  readonly losses: Float64Array
}

/** What the weights lose: one product of rows×cols×cols. */
export function lossesOf(linalg: Linalg, problem: DampedProblem, weights: Float64Array): FittedRows {
  const { residual } = excess(linalg, problem, weights)
  return { weights, residual, losses: lossPerRow(problem, weights, residual) }
}

/**
 * Takes the rows `which` of other weights [rows, cols] over where that lowers their losses. One product of these rows.
 */
export function takeBetter(
  linalg: Linalg,
  problem: DampedProblem,
  fitted: FittedRows,
  weights: Float64Array,
  which: Int32Array,
): void {
  const { cols, h } = problem.problem
  const target = gatherRows(problem.target, which, cols)
  const given = gatherRows(weights, which, cols)
  const difference = target.map((w, i) => w - given[i])
  const residual = timesDamped(linalg, difference, h, problem.lambda, which.length, cols)
  which.forEach((row, k) => {
    const [from, to] = [k * cols, (k + 1) * cols]
    let loss = 0
    for (let i = from; i < to; i++) loss += difference[i] * residual[i]
    if (!(loss < fitted.losses[row])) return
    fitted.weights.set(given.subarray(from, to), row * cols)
    fitted.residual.set(residual.subarray(from, to), row * cols)
    fitted.losses[row] = loss
  })
}

/** Takes the rows `which` of another fit over. */
export function takeRows(fitted: FittedRows, other: FittedRows, which: Iterable<number>, cols: number): void {
  for (const row of which) {
    const [from, to] = [row * cols, (row + 1) * cols]
    fitted.weights.set(other.weights.subarray(from, to), from)
    fitted.residual.set(other.residual.subarray(from, to), from)
    fitted.losses[row] = other.losses[row]
  }
}

/** The rows `which` of a matrix, one below the other. */
export function gatherRows(matrix: Float64Array, which: Int32Array, cols: number): Float64Array {
  const gathered = new Float64Array(which.length * cols)
  which.forEach((row, k) => gathered.set(matrix.subarray(row * cols, (row + 1) * cols), k * cols))
  return gathered
}
