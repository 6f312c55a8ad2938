import { throwIfAborted } from '@tacojs/errors'
import type { Linalg } from '@tacojs/linalg'
import type { DampedProblem } from './damp.js'
import { solvePositive } from './dense.js'

/**
 * The exact refit row by row: with the support S of a row, ŵ_S += (H_SS)⁻¹ r_S, where r = (w* − ŵ)H is the residual
 * [rows, cols] of the given weights. Rows that share their support share the factorisation. A row whose H_SS cannot be
 * factored stays as it is. Cost Σ k³/6 over the different supports.
 */
export function refitRows(
  linalg: Linalg,
  problem: DampedProblem,
  mask: Uint8Array,
  weights: Float64Array,
  residual: Float64Array,
  signal?: AbortSignal,
): Float64Array {
  const { rows, cols, h } = problem.problem
  const refitted = weights.slice()
  for (const group of rowsBySupport(mask, rows, cols)) {
    throwIfAborted(signal)
    const support = supportOf(mask, group[0], cols)
    const k = support.length
    if (k === 0) continue
    const matrix = new Float64Array(k * k)
    for (let i = 0; i < k; i++) {
      for (let j = 0; j <= i; j++) matrix[i * k + j] = h[support[i] * cols + support[j]]
      matrix[i * k + i] += problem.lambda
    }
    const step = new Float64Array(group.length * k)
    group.forEach((row, g) => support.forEach((column, i) => (step[g * k + i] = residual[row * cols + column])))
    if (!solvePositive(linalg, matrix, step, k, group.length)) continue
    group.forEach((row, g) => support.forEach((column, i) => (refitted[row * cols + column] += step[g * k + i])))
  }
  return refitted
}

/** Σ k³ over the different supports: six times the multiply-adds of `refitRows`. */
export function cubesOfSupports(mask: Uint8Array, rows: number, cols: number): number {
  let cost = 0
  for (const [row] of rowsBySupport(mask, rows, cols)) cost += supportOf(mask, row, cols).length ** 3
  return cost
}

function supportOf(mask: Uint8Array, row: number, cols: number): Int32Array {
  const support = new Int32Array(cols)
  let k = 0
  for (let j = 0; j < cols; j++) if (mask[row * cols + j]) support[k++] = j
  return support.subarray(0, k)
}

function rowsBySupport(mask: Uint8Array, rows: number, cols: number): number[][] {
  const groups = new Map<string, number[]>()
  for (let row = 0; row < rows; row++) {
    const key = String.fromCharCode(...mask.subarray(row * cols, row * cols + cols))
    const group = groups.get(key)
    if (group) group.push(row)
    else groups.set(key, [row])
  }
  return [...groups.values()]
}
