import { TacoError } from '@tacojs/errors'
import type { Linalg } from '@tacojs/linalg'
import type { DampedProblem } from './damp.js'
import { excess } from './loss.js'
import type { Candidate, Method, MethodContext } from './method.js'

/**
 * A method on the loss Σ_r weight_r · (loss of row r). The rows of a problem meet only where they share its budget: with
 * W, W* and B scaled by √weight_r, whoever compares weights of different rows sees what they cost the task. H is the same,
 * and so is the best fit of each row; the answer is scaled back. An n:m pattern decides row by row: nothing changes.
 */
export function withRowWeights(method: Method, weights: ArrayLike<number>): Method {
  return (context) => {
    const { linalg, problem, pattern } = context
    if (pattern.kind === 'nm') return method(context)
    const factors = Float64Array.from(weights, Math.sqrt)
    const candidate = method({ ...context, problem: scaled(problem, factors) })
    return scaledBack(linalg, context, candidate, factors)
  }
}

/** Throws SHAPE_MISMATCH unless there is one for each row, INVALID_ARGUMENT for one that is not finite and above 0. */
export function checkRowWeights(weights: ArrayLike<number>, rows: number): void {
  if (weights.length !== rows) {
    throw new TacoError('SHAPE_MISMATCH', `rowWeights has ${weights.length} values, ${rows} rows need as many`)
  }
  for (let row = 0; row < rows; row++) {
    if (!(weights[row] > 0 && weights[row] < Infinity)) {
      throw new TacoError('INVALID_ARGUMENT', `rowWeights[${row}] is ${weights[row]}: give finite numbers above 0`)
    }
  }
}

/** The problem with its rows multiplied by their factors; H is the same. */
export function scaled(problem: DampedProblem, factors: Float64Array): DampedProblem {
  const { weights, b } = problem.problem
  return {
    ...problem,
    problem: { ...problem.problem, weights: timesRows(weights, factors), b: timesRows(b, factors) },
    target: timesRows(problem.target, factors),
    product: timesRows(problem.product, factors),
  }
}

function scaledBack(
  linalg: Linalg,
  { problem }: MethodContext,
  candidate: Candidate,
  factors: Float64Array,
): Candidate {
  const inverse = factors.map((factor) => 1 / factor)
  const weights = timesRows(candidate.weights, inverse)
  const rowLosses = candidate.rowLosses?.map((loss, row) => loss * inverse[row] * inverse[row])
  const loss = rowLosses
    ? Math.max(
        0,
        rowLosses.reduce((sum, v) => sum + v, 0),
      )
    : excess(linalg, problem, weights).loss
  return { ...candidate, weights, loss, ...(rowLosses ? { rowLosses } : {}) }
}

/** A copy whose rows are multiplied by their factors. */
export function timesRows(values: Float64Array, factors: Float64Array): Float64Array {
  const cols = values.length / factors.length
  const result = new Float64Array(values.length)
  for (let row = 0, i = 0; row < factors.length; row++) {
    for (const end = i + cols; i < end; i++) result[i] = values[i] * factors[row]
  }
  return result
}
