import { throwIfAborted } from '@tacojs/errors'
import type { Linalg } from '@tacojs/linalg'
import type { DampedProblem } from './damp.js'
import { solvePositive } from './dense.js'
import { supportOf } from './supports.js'

/**
 * The exact refit row by row: with the support S of a row, ŵ_S += (H_SS)⁻¹ r_S, where r = (w* − ŵ)H is the residual
 * [rows, cols] of the given weights. The rows of a group share their support and the factorisation. A row whose H_SS
 * cannot be factored stays as it is. Cost Σ k³/6 over the groups.
 */
export function refitRows(
  linalg: Linalg,
  problem: DampedProblem,
  mask: Uint8Array,
  groups: readonly (readonly number[])[],
  weights: Float64Array,
  residual: Float64Array,
  signal?: AbortSignal,
): Float64Array {
  const { cols, h } = problem.problem
  const refitted = weights.slice()
  let matrix = new Float64Array(0)
  for (const group of groups) {
    throwIfAborted(signal)
    const support = supportOf(mask, group[0], cols)
    const k = support.length
    if (k === 0) continue
    // What the matrix before leaves above the diagonal is not read.
    if (matrix.length < k * k) matrix = new Float64Array(k * k)
    for (let i = 0; i < k; i++) {
      const row = support[i] * cols
      for (let j = 0; j <= i; j++) matrix[i * k + j] = h[row + support[j]]
      matrix[i * k + i] += problem.lambda
    }
    const step = new Float64Array(group.length * k)
    for (let g = 0; g < group.length; g++) {
      for (let i = 0; i < k; i++) step[g * k + i] = residual[group[g] * cols + support[i]]
    }
    if (!solvePositive(linalg, matrix, step, k, group.length)) continue
    for (let g = 0; g < group.length; g++) {
      for (let i = 0; i < k; i++) refitted[group[g] * cols + support[i]] += step[g * k + i]
    }
  }
  return refitted
}
