import { throwIfAborted } from '@tacojs/errors'
import type { Linalg } from '@tacojs/linalg'
import type { DampedProblem } from './damp.js'
import { subtractProduct } from './dense.js'
import type { Candidate } from './method.js'

export interface SweepOptions {
  /** [rows, cols], 1 = kept; `decide` may change the columns that it is called for. */
  readonly mask: Uint8Array
  /** Columns whose errors reach the columns right of them in one product. */
  readonly blockSize: number
  /** Columns whose mask is decided together, from their weights at that moment; divides blockSize. */
  readonly step: number
  /** Sets the mask of columns from ≤ j < to from the current weights [rows, cols]. */
  readonly decide?: (weights: Float64Array, from: number, to: number) => void
  readonly signal?: AbortSignal
}

/**
 * The sweep of SparseGPT (Frantar & Alistarh 2023) on W*, with (H + λI)⁻¹ = UᵀU: columns left to right; a pruned weight
 * leaves the error e = w_j/U_jj, which the columns at its right take up, w_{j:} −= e·U_{j,j:}. Inside a block at once,
 * beyond it by one product E·U. Σe² is the damped loss of the result.
 */
export function sweep(linalg: Linalg, problem: DampedProblem, options: SweepOptions): Candidate {
  const { mask, blockSize, step, decide, signal } = options
  const { rows, cols } = problem.problem
  const upper = problem.upper()
  const weights = problem.target.slice()
  let loss = 0
  for (let start = 0; start < cols; start += blockSize) {
    throwIfAborted(signal)
    const end = Math.min(start + blockSize, cols)
    const errors = new Float64Array(rows * (end - start))
    for (let from = start; from < end; from += step) {
      const to = Math.min(from + step, end)
      decide?.(weights, from, to)
      for (let row = 0; row < rows; row++) {
        for (let j = from; j < to; j++) {
          const at = row * cols + j
          if (mask[at]) continue
          const error = weights[at] / upper[j * cols + j]
          errors[row * (end - start) + j - start] = error
          loss += error * error
          for (let k = j + 1; k < end; k++) weights[row * cols + k] -= error * upper[j * cols + k]
          weights[at] = 0
        }
      }
    }
    if (end < cols) subtractProduct(linalg, weights, errors, upper, { rows, cols, start, end })
  }
  return { weights, mask, loss }
}
