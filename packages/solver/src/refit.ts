import type { Linalg } from '@tacojs/linalg'
import type { DampedProblem } from './damp.js'
import { excess, lossPerRow, type Excess } from './loss.js'
import type { Candidate, RefitKind } from './method.js'
import { refitByGradients } from './refit-gradient.js'
import { refitRows } from './refit-rows.js'
import { cubesOfSupports, rowsBySupport } from './supports.js'

/**
 * Conjugate gradients take about 40 products in f32, whose multiply-adds are about 5 times as fast as those of a
 * factorisation in f64, k³/6.
 */
const priceOfGradients = (40 * 6) / 5

export interface RefitOptions {
  readonly kind?: Exclude<RefitKind, 'none'>
  readonly signal?: AbortSignal
}

/** A candidate whose weights are fitted. */
export type Refitted = Candidate & { readonly refit: RefitKind }

/**
 * The best weights on a candidate's mask: per row ŵ_S = (H_SS)⁻¹ (HW*ᵀ)_S. By Cholesky, or by conjugate gradients
 * where that is cheaper. A row keeps the candidate's weights unless its loss falls, so the loss is never raised.
 */
export function refit(
  linalg: Linalg,
  problem: DampedProblem,
  candidate: Candidate,
  options: RefitOptions = {},
): Refitted {
  const before = excess(linalg, problem, candidate.weights)
  return { ...candidate, ...fit(linalg, problem, candidate.mask, candidate.weights, before, options) }
}

/** The same for a mask without weights: from all 0, whose loss is known without a product. */
export function fitMask(
  linalg: Linalg,
  problem: DampedProblem,
  mask: Uint8Array,
  options: RefitOptions = {},
): Refitted {
  const zero = new Float64Array(mask.length)
  return fit(linalg, problem, mask, zero, { loss: Infinity, residual: problem.product }, options)
}

function fit(
  linalg: Linalg,
  problem: DampedProblem,
  mask: Uint8Array,
  start: Float64Array,
  before: Excess,
  options: RefitOptions,
): Refitted {
  const { rows, cols } = problem.problem
  const groups = rowsBySupport(mask, rows, cols)
  const dear = cubesOfSupports(mask, groups, cols) > priceOfGradients * rows * cols * cols
  const { kind = dear ? 'conjugate-gradient' : 'cholesky', signal } = options
  const weights =
    kind === 'cholesky'
      ? refitRows(linalg, problem, mask, groups, start, before.residual, signal)
      : refitByGradients(linalg, problem, mask, start, before.residual, signal)
  const after = excess(linalg, problem, weights)

  const [old, rowLosses] = [lossPerRow(problem, start, before.residual), lossPerRow(problem, weights, after.residual)]
  let loss = 0
  let changed = false
  for (let row = 0; row < rows; row++) {
    if (rowLosses[row] < old[row]) changed = true
    else weights.set(start.subarray(row * cols, (row + 1) * cols), row * cols)
    rowLosses[row] = Math.min(rowLosses[row], old[row])
    loss += rowLosses[row]
  }
  return { weights, mask, loss: Math.max(0, loss), rowLosses, refit: changed ? kind : 'none' }
}
