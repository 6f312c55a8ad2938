import { TacoError, throwIfAborted } from '@tacojs/errors'
import type { Linalg } from '@tacojs/linalg'
import { ones } from './choice.js'
import { budgetOf } from './counts.js'
import { damp } from './damp.js'
import { errorOf } from './loss.js'
import type { RefitKind } from './method.js'
import { methods, onKernels, type MethodName } from './methods.js'
import { checkPattern, type Pattern } from './pattern.js'
import type { LayerProblem } from './problem.js'
import { refit } from './refit.js'
import { checkRowWeights, withRowWeights } from './row-weights.js'
import { swap } from './swaps.js'

export interface SolveOptions {
  readonly method: MethodName
  readonly pattern: Pattern
  /**
   * From 0 to 1: ⌊rows·cols·sparsity⌋ zeros, or that share of the blocks. Not looked at for n:m patterns, which decide
   * alone.
   */
  readonly sparsity?: number
  /**
   * [rows, cols], 1 = may be kept: the mask of a warm start, whose zeros stay zero and count among those asked for; all
   * of them stay where they are more.
   */
  readonly allowed?: Uint8Array
  /**
   * [rows]: what the squared error of each output counts for where rows compete for the layer's non-zeros; all alike
   * unless given. Losses and errors of the solution are those without.
   */
  readonly rowWeights?: ArrayLike<number>
  /** λ as a part of the mean of diag H, at most a million; 0.01 unless said. */
  readonly damp?: number
  /** The ρ that ADMM tries, of which the one with the lowest loss counts; 0.7 unless said. */
  readonly rho?: number | readonly number[]
  /**
   * Whether the weights on the mask are fitted again; true unless said. Says nothing to what fits them in any case: the
   * methods admm, exactobs, cascade and auto, and swaps.
   */
  readonly refit?: boolean
  /** Whether kept and pruned weights of a row are exchanged afterwards while that pays. Not for blocks. */
  readonly swaps?: boolean
  /** Columns per block of FastOBC; 128 unless said. */
  readonly blockSize?: number
  /** See `MethodContext`; 'first' unless said. */
  readonly deadInputs?: 'first' | 'plain'
  readonly signal?: AbortSignal
}

export interface Solution {
  /** Ŵ [rows, cols], exactly 0 where pruned. */
  readonly weights: Float64Array
  /** y − Ŵm [rows]; undefined without a bias. */
  readonly bias: Float64Array | undefined
  /** [rows, cols]: 1 = kept, 0 = pruned. */
  readonly mask: Uint8Array
  /** Ones of the mask. */
  readonly nonzeros: number
  /** tr((Ŵ − W*)H(Ŵ − W*)ᵀ) with the damped H. */
  readonly loss: number
  /** ‖Y − ŴX‖², undamped, centred when there is a bias. */
  readonly error: number
  /** error/‖Y‖²; 0 where Y does not vary. */
  readonly relativeError: number
  /** The error of W*, the best unpruned weights: compare errors of different targets only beside it. */
  readonly floor: number
  readonly lambda: number
  /** How often λ was raised tenfold for the factorisation to succeed. */
  readonly escalations: number
  readonly refit: RefitKind
}

/** With more, the iterations stay at the dense weights. */
const MOST_RHO = 1e6

/**
 * Prunes one layer. The zeros are exactly those asked for, whatever the statistics.
 *
 * Throws INVALID_ARGUMENT for options out of range, a method without the numerics that it needs, and a problem without
 * its count; SHAPE_MISMATCH for arrays of the problem, `allowed` or `rowWeights` of another length; NUMERICAL for
 * values that are not finite, an H that no damping makes definite, and losses that are not finite; UNSUPPORTED for
 * swaps with blocks; and what the numerics throw: OUT_OF_MEMORY, DISPOSED, THREAD_LOST; ABORTED.
 */
export function solveLayer(linalg: Linalg, problem: LayerProblem, options: SolveOptions): Solution {
  const { pattern, allowed, rowWeights, blockSize = 128, deadInputs = 'first', signal } = options
  const { rows, cols, xMean, yMean, yy, hasBias } = problem
  const method = Object.hasOwn(methods, options.method) ? methods[options.method] : undefined
  if (!method) {
    throw new TacoError('INVALID_ARGUMENT', `method "${options.method}": use one of ${Object.keys(methods).join(', ')}`)
  }
  if (onKernels.includes(options.method) && !('eliminate' in linalg)) {
    throw new TacoError('INVALID_ARGUMENT', `method "${options.method}": needs the numerics of createNumerics()`)
  }
  checkPattern(pattern)
  if (options.swaps && pattern.kind === 'block') {
    throw new TacoError('UNSUPPORTED', 'swaps: weights of a block cannot be exchanged one by one; leave swaps out')
  }
  if (!(Number.isInteger(blockSize) && blockSize > 0)) {
    throw new TacoError('INVALID_ARGUMENT', `blockSize ${blockSize}: give a positive integer, such as 128`)
  }
  const rho = typeof options.rho === 'number' ? [options.rho] : options.rho
  if (rho !== undefined && !isRho(rho)) {
    throw new TacoError(
      'INVALID_ARGUMENT',
      `rho ${Array.isArray(rho) ? rho.join(', ') : rho}: give numbers above 0, at most ${MOST_RHO}, such as 0.7`,
    )
  }
  if (deadInputs !== 'first' && deadInputs !== 'plain') {
    throw new TacoError('INVALID_ARGUMENT', `deadInputs "${deadInputs}": use 'first' or 'plain'`)
  }
  if (rowWeights) checkRowWeights(rowWeights, rows)
  const budget = budgetOf(rows, cols, pattern, options.sparsity, allowed)
  throwIfAborted(signal)
  const damped = damp(linalg, problem, { damp: options.damp })
  const context = { linalg, problem: damped, pattern, budget, allowed, blockSize, deadInputs, rho, signal }
  const candidate = (rowWeights ? withRowWeights(method, rowWeights) : method)(context)
  const done = candidate.refit !== undefined || options.refit === false
  const fitted = done ? candidate : refit(linalg, damped, candidate, { signal })
  const { weights, mask, loss, refit: kind = 'none' } = options.swaps ? swap(context, fitted) : fitted

  const error = errorOf(damped, weights, loss)
  return {
    weights,
    bias: hasBias
      ? yMean.map((y, row) => y - meanOutput(weights.subarray(row * cols, (row + 1) * cols), xMean))
      : undefined,
    mask,
    nonzeros: ones(mask),
    loss,
    error,
    relativeError: yy > 0 ? error / yy : 0,
    floor: damped.floor,
    lambda: damped.lambda,
    escalations: damped.escalations,
    refit: kind,
  }
}

const isRho = (values: readonly number[]): boolean =>
  Array.isArray(values) && values.length > 0 && values.every((r) => typeof r === 'number' && r > 0 && r <= MOST_RHO)

function meanOutput(weights: Float64Array, xMean: Float64Array): number {
  let sum = 0
  for (let j = 0; j < weights.length; j++) sum += weights[j] * xMean[j]
  return sum
}
