import type { DampedProblem } from '../damp.js'

/**
 * What is left of the loss of `rows` when only `support` may be used: Σ (w*−v)H(w*−v)ᵀ of the best v, by Gaussian
 * elimination of H_SS v = (Hw*)_S with pivots. f64, plain loops, nothing shared with the solver.
 */
export function bestLoss(damped: DampedProblem, rows: readonly number[], support: readonly number[]): number {
  const { cols, h } = damped.problem
  const at = (i: number, j: number) => h[i * cols + j] + (i === j ? damped.lambda : 0)
  let loss = 0
  for (const row of rows) {
    const w = damped.target.subarray(row * cols, (row + 1) * cols)
    const b = Float64Array.from({ length: cols }, (_, i) => w.reduce((sum, v, j) => sum + at(i, j) * v, 0))
    const v = solve(
      support.map((i) => support.map((j) => at(i, j))),
      support.map((i) => b[i]),
    )
    const difference = Float64Array.from(w)
    support.forEach((j, k) => (difference[j] -= v[k]))
    for (let i = 0; i < cols; i++) {
      for (let j = 0; j < cols; j++) loss += difference[i] * at(i, j) * difference[j]
    }
  }
  return loss
}

function solve(a: number[][], b: number[]): number[] {
  const n = b.length
  for (let k = 0; k < n; k++) {
    let pivot = k
    for (let i = k; i < n; i++) if (Math.abs(a[i][k]) > Math.abs(a[pivot][k])) pivot = i
    ;[a[k], a[pivot]] = [a[pivot], a[k]]
    ;[b[k], b[pivot]] = [b[pivot], b[k]]
    for (let i = k + 1; i < n; i++) {
      const factor = a[i][k] / a[k][k]
      for (let j = k; j < n; j++) a[i][j] -= factor * a[k][j]
      b[i] -= factor * b[k]
    }
  }
  for (let k = n - 1; k >= 0; k--) {
    for (let j = k + 1; j < n; j++) b[k] -= a[k][j] * b[j]
    b[k] /= a[k][k]
  }
  return b
}
