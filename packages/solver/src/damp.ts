import { TacoError } from '@tacojs/errors'
import type { Linalg } from '@tacojs/linalg'
import { choleskyOfReversed, invertReversed, solveReversed, timesDamped } from './dense.js'
import { dot, plus, squaredDistance, subtract } from './loss.js'
import { allFinite, checkProblem, deadInputs, type LayerProblem } from './problem.js'

/**
 * A layer problem with the penalty λ‖Ŵ − W‖² towards the dense weights: H + λI and B + λW take the places of H and B.
 * What is minimised is then tr((Ŵ − W*)(H + λI)(Ŵ − W*)ᵀ) plus a constant, with W* = (B + λW)(H + λI)⁻¹.
 */
export interface DampedProblem {
  readonly problem: LayerProblem
  readonly lambda: number
  /** How often λ had to be raised tenfold. */
  readonly escalations: number
  /** W* [rows, cols]: the best unpruned weights, W itself where Y = WX. */
  readonly target: Float64Array
  /** B + λW = W*(H + λI) [rows, cols]. */
  readonly product: Float64Array
  /** error(W*) + λ‖W* − W‖²: the damped objective at its optimum. */
  readonly objective: number
  /** ‖Y − W*X‖², undamped: what no Ŵ can get below, λ aside. */
  readonly floor: number
  /** [cols]: 1 where an input never varies. */
  readonly dead: Uint8Array
  /** U [cols, cols], upper triangular, (H + λI)⁻¹ = UᵀU. Computed on the first call. */
  upper(): Float64Array
}

const mostEscalations = 24

/** With more, nothing but the dense weights has a say, and errors would be lost in rounding. */
const MOST = 1e6

/**
 * Damps and factors a problem. λ = damp·mean(diag H) over all columns, dead ones included; when the Cholesky
 * factorisation fails, or has a pivot that is all rounding, λ × 10, or 1e-10 of the mean where that is more.
 * Throws INVALID_ARGUMENT for a damp that is negative or above a million, NUMERICAL for values that are not finite.
 */
export function damp(linalg: Linalg, problem: LayerProblem, options: { damp?: number } = {}): DampedProblem {
  const { damp: relative = 0.01 } = options
  if (typeof relative !== 'number' || !(relative >= 0 && relative <= MOST)) {
    throw new TacoError('INVALID_ARGUMENT', `damp ${relative}: give a number from 0 to ${MOST}, such as 0.01`)
  }
  checkProblem(problem)
  const { cols, h } = problem
  let mean = 0
  for (let j = 0; j < cols; j++) mean += h[j * cols + j] / cols
  // Inputs that never vary leave H = 0; any λ then gives W* = W.
  if (!(mean > 0)) mean = 1

  let lambda = relative * mean
  for (let escalations = 0; escalations <= mostEscalations; escalations++) {
    if (escalations > 0) lambda = Math.max(10 * lambda, 1e-10 * mean)
    const factor = choleskyOfReversed(linalg, h, lambda, cols)
    if (!factor || nearlySingular(factor, h, lambda, cols)) continue
    const target = optimum(linalg, problem, lambda, factor)
    if (!allFinite(target)) continue
    let upper: Float64Array | undefined
    const penalty = lambda * squaredDistance(target, problem.weights)
    const floor = Math.max(0, floorOf(problem, lambda, target))
    return {
      problem,
      lambda,
      escalations,
      target,
      product: plus(problem.b, lambda, problem.weights),
      floor,
      objective: floor + penalty,
      dead: deadInputs(problem),
      upper: () => (upper ??= invertReversed(linalg, factor, cols)),
    }
  }
  throw new TacoError(
    'NUMERICAL',
    `layer problem: H is not positive definite even with a damping of ${lambda}; check its symmetry`,
  )
}

/** Whether a pivot L_ii² is so small a part of its H_jj + λ that it is rounding: the factor says nothing then. */
function nearlySingular(factor: Float64Array, h: Float64Array, lambda: number, cols: number): boolean {
  for (let i = 0; i < cols; i++) {
    const [pivot, j] = [factor[i * cols + i] ** 2, cols - 1 - i]
    if (!(pivot > cols * Number.EPSILON * (h[j * cols + j] + lambda))) return true
  }
  return false
}

/** W* = W + (B − WH)(H + λI)⁻¹, which equals (B + λW)(H + λI)⁻¹ and is W to the last digit where Y = WX. */
function optimum(linalg: Linalg, problem: LayerProblem, lambda: number, factor: Float64Array): Float64Array {
  const { rows, cols, weights, h, b } = problem
  const product = timesDamped(linalg, weights, h, 0, rows, cols)
  const correction = solveReversed(linalg, factor, subtract(b, product), rows, cols)
  return plus(weights, 1, correction)
}

/** ‖Y‖² − 2 tr(W*Bᵀ) + tr(W*HW*ᵀ) with W*H = B + λ(W − W*). */
function floorOf({ weights, b, yy }: LayerProblem, lambda: number, target: Float64Array): number {
  const pull = dot(target, subtract(weights, target))
  return yy - dot(target, b) + lambda * pull
}
