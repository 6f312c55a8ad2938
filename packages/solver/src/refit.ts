import { TacoError } from '@tacojs/errors'
import type { Linalg } from '@tacojs/linalg'
import type { DampedProblem } from './damp.js'
import { checkFlags } from './flags.js'
import { excess, lossPerRow, type Excess } from './loss.js'
import type { Candidate, RefitKind } from './method.js'
import { refitByCholesky } from './refit-cholesky.js'
import { refitByGradients } from './refit-gradient.js'
import { cubesOfSupports, rowsBySupport } from './supports.js'

/**
 * Conjugate gradients take about 40 products in f32, whose multiply-adds are about 5 times as fast as those of a
 * factorisation in f64, k³/6.
 */
const priceOfGradients = (40 * 6) / 5

export interface RefitOptions {
  /** The cheaper one unless given. */
  readonly kind?: Exclude<RefitKind, 'none'>
  readonly signal?: AbortSignal
}

/** A candidate whose weights are fitted. */
export type Refitted = Candidate & { readonly refit: RefitKind }

/**
 * The best weights on a candidate's mask: per row ŵ_S = (H_SS)⁻¹ (HW*ᵀ)_S. By Cholesky, or by conjugate gradients
 * where that is cheaper. A row keeps the candidate's weights on the mask unless its loss falls, so that the loss is
 * never above theirs. `refit` of the answer is 'conjugate-gradient' as well where rows were too near to singular for
 * Cholesky.
 *
 * Throws SHAPE_MISMATCH for a mask or weights of another length, INVALID_ARGUMENT for a flag that is neither 1 nor 0
 * and for another kind, ABORTED.
 */
export function refit(
  linalg: Linalg,
  problem: DampedProblem,
  candidate: Candidate,
  options: RefitOptions = {},
): Refitted {
  const { rows, cols } = problem.problem
  const { mask, weights } = candidate
  check('refit', problem, mask, options)
  if (weights?.length !== rows * cols) {
    throw new TacoError(
      'SHAPE_MISMATCH',
      `refit: weights has ${weights?.length} values, ${rows}×${cols} weights are needed`,
    )
  }
  const start = weights.some((w, i) => w !== 0 && mask[i] === 0) ? weights.map((w, i) => (mask[i] ? w : 0)) : weights
  return { ...candidate, ...fit(linalg, problem, mask, start, excess(linalg, problem, start), options) }
}

/**
 * The same for a mask [rows, cols] without weights, 1 = kept: from all 0, whose loss is known without a product. Throws
 * as `refit`.
 */
export function fitMask(
  linalg: Linalg,
  problem: DampedProblem,
  mask: Uint8Array,
  options: RefitOptions = {},
): Refitted {
  check('fitMask', problem, mask, options)
  const zero = new Float64Array(mask.length)
  return fit(linalg, problem, mask, zero, { loss: Infinity, residual: problem.product }, options)
}

function check(of: string, { problem }: DampedProblem, mask: Uint8Array, { kind }: RefitOptions): void {
  checkFlags(`${of}: mask`, mask, problem.rows, problem.cols)
  if (kind === undefined || kind === 'cholesky' || kind === 'conjugate-gradient') return
  throw new TacoError(
    'INVALID_ARGUMENT',
    `${of}: kind "${kind}": use 'cholesky' or 'conjugate-gradient', or leave it out`,
  )
}

function fit(
  linalg: Linalg,
  problem: DampedProblem,
  mask: Uint8Array,
  start: Float64Array,
  before: Excess,
  { kind: wanted, signal }: RefitOptions,
): Refitted {
  const { rows, cols } = problem.problem
  const kind = wanted ?? cheapest(mask, rows, cols)
  const fitted =
    kind === 'cholesky'
      ? refitByCholesky(linalg, problem, mask, start, before.residual, signal)
      : { ...refitByGradients(linalg, problem, mask, start, before.residual, signal), exact: false }
  const { weights, losses, exact } = fitted
  const old = lossPerRow(problem, start, before.residual)
  let loss = 0
  let changed = false
  for (let row = 0; row < rows; row++) {
    if (losses[row] < old[row]) {
      changed = true
    } else {
      weights.set(start.subarray(row * cols, (row + 1) * cols), row * cols)
      losses[row] = old[row]
    }
    loss += losses[row]
  }
  const how = exact ? 'cholesky' : 'conjugate-gradient'
  return { weights, mask, loss: Math.max(0, loss), rowLosses: losses, refit: changed ? how : 'none' }
}

function cheapest(mask: Uint8Array, rows: number, cols: number): Exclude<RefitKind, 'none'> {
  const groups = rowsBySupport(
    mask,
    Int32Array.from({ length: rows }, (_, row) => row),
    cols,
  )
  const dear = cubesOfSupports(mask, groups, cols) > priceOfGradients * rows * cols * cols
  return dear ? 'conjugate-gradient' : 'cholesky'
}
