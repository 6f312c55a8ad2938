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

function scaled(problem: DampedProblem, factors: Float64Array): DampedProblem {
  const { cols, weights, b } = problem.problem
  const rows = (values: Float64Array) => values.map((v, i) => v * factors[Math.floor(i / cols)])
  return {
    ...problem,
    problem: { ...problem.problem, weights: rows(weights), b: rows(b) },
    target: rows(problem.target),
    product: rows(problem.product),
  }
}

function scaledBack(
  linalg: Linalg,
  { problem }: MethodContext,
  candidate: Candidate,
  factors: Float64Array,
): Candidate {
  const { cols } = problem.problem
  const weights = candidate.weights.map((v, i) => v / factors[Math.floor(i / cols)])
  return { ...candidate, weights, loss: excess(linalg, problem, weights).loss }
}
