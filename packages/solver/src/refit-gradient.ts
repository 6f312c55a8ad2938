import { throwIfAborted } from '@tacojs/errors'
import type { Linalg } from '@tacojs/linalg'
import type { DampedProblem } from './damp.js'
import { timesDamped } from './dense.js'

/**
 * A row is solved when its loss has fallen by less than this part of itself in the last `window` iterations: what it
 * could still fall by is about as much (Hestenes & Stiefel's estimate), so that it is the exact refit's within some 1e-6.
 */
const tolerance = 1e-6
const window = 5
/** … or by less than this part of the size of the row, Σ w*²D: rounding. */
const rounding = 1e-15
const mostIterations = 200
/** … nor more than this many multiply-adds, about half a minute: on 512×4608 some 40 iterations. */
const mostWork = 4e11

/**
 * The refit of all rows at once by conjugate gradients (Hestenes & Stiefel 1952) on H_SS, preconditioned by the diagonal
 * of H: one product of rows×cols×cols per iteration, of the rows that are not solved yet. Starts from the given weights
 * and their residual r = (w* − ŵ)H [rows, cols]. Every step lowers a row's loss, by α·rᵀD⁻¹r.
 */
export function refitByGradients(
  linalg: Linalg,
  problem: DampedProblem,
  mask: Uint8Array,
  weights: Float64Array,
  residual: Float64Array,
  signal?: AbortSignal,
): Float64Array {
  const { target, lambda } = problem
  const { rows, cols, h } = problem.problem
  const refitted = weights.slice()
  const inverse = Float64Array.from({ length: cols }, (_, j) => 1 / (h[j * cols + j] + lambda))
  const r = new Float64Array(residual.length)
  const first = new Float64Array(residual.length)
  const loss = new Float64Array(rows)
  const least = new Float64Array(rows)
  const square = new Float64Array(rows)
  const gain = new Float64Array(rows)
  for (let row = 0, i = 0; row < rows; row++) {
    for (let j = 0; j < cols; j++, i++) {
      r[i] = mask[i] ? residual[i] : 0
      first[i] = r[i] * inverse[j]
      loss[row] += (target[i] - weights[i]) * residual[i]
      least[row] += (rounding * target[i] * target[i]) / inverse[j]
      square[row] += r[i] * r[i] * inverse[j]
    }
  }

  let active = Int32Array.from({ length: rows }, (_, row) => row).filter((row) => square[row] > 0)
  let direction = gatherRows(first, active, cols)
  const times = productWith(linalg, problem)
  let work = 0
  for (let iteration = 0; active.length > 0 && iteration < mostIterations && work < mostWork; iteration++) {
    throwIfAborted(signal)
    work += active.length * cols * cols
    const product = times(direction, active.length)
    active.forEach((row, a) => {
      let curvature = 0
      for (let d = a * cols; d < (a + 1) * cols; d++) curvature += direction[d] * product[d]
      // Solved exactly: nothing is left to go along.
      if (!(curvature > 0)) return
      const alpha = square[row] / curvature
      let next = 0
      for (let j = 0, i = row * cols, d = a * cols; j < cols; j++, i++, d++) {
        if (!mask[i]) continue
        refitted[i] += alpha * direction[d]
        r[i] -= alpha * product[d]
        next += r[i] * r[i] * inverse[j]
      }
      loss[row] -= alpha * square[row]
      gain[row] += alpha * square[row]
      const beta = next / square[row]
      square[row] = next
      for (let j = 0, i = row * cols, d = a * cols; j < cols; j++, i++, d++) {
        direction[d] = r[i] * inverse[j] + beta * direction[d]
      }
    })
    if (iteration % window < window - 1) continue
    const open = Int32Array.from(active.keys()).filter((a) => {
      const row = active[a]
      return gain[row] > Math.max(tolerance * loss[row], least[row])
    })
    gain.fill(0)
    if (open.length < active.length) {
      direction = gatherRows(direction, open, cols)
      active = open.map((a) => active[a])
    }
  }
  return refitted
}

/**
 * D ↦ D(H + λI). In f32, about twice as fast, unless H is so near to singular that it matters: a product's relative
 * error of 1e-7 leaves (1e-7)²·cond of the loss.
 */
function productWith(
  linalg: Linalg,
  { problem, lambda }: DampedProblem,
): (d: Float64Array, rows: number) => Float64Array {
  const { cols, h } = problem
  let trace = 0
  for (let j = 0; j < cols; j++) trace += h[j * cols + j]
  if (!(lambda > 0) || trace / lambda > 1e7) return (d, rows) => timesDamped(linalg, d, h, lambda, rows, cols)

  // Scaled, so that no statistics are out of the range of f32.
  const scale = cols / (trace + lambda * cols)
  const narrow = new Float32Array(h.length)
  for (let i = 0; i < h.length; i++) narrow[i] = h[i] * scale
  for (let j = 0; j < cols; j++) narrow[j * cols + j] += lambda * scale
  return (d, rows) => {
    const product = new Float32Array(rows * cols)
    linalg.gemm({ m: rows, n: cols, k: cols, a: new Float32Array(d), b: narrow, c: product })
    const wide = new Float64Array(product)
    for (let i = 0; i < wide.length; i++) wide[i] /= scale
    return wide
  }
}

function gatherRows(matrix: Float64Array, rows: Int32Array, cols: number): Float64Array {
  const gathered = new Float64Array(rows.length * cols)
  rows.forEach((row, k) => gathered.set(matrix.subarray(row * cols, (row + 1) * cols), k * cols))
  return gathered
}
