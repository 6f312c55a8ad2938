import type { Linalg } from '@tacojs/linalg'
import { descend, leastLosses, tolerance, type Product } from './conjugate-gradients.js'
import type { DampedProblem } from './damp.js'
import { timesDamped } from './dense.js'
import { lossesOf, takeBetter, takeRows, type FittedRows } from './fitted-rows.js'
import { lossPerRow } from './loss.js'
import { refitRows } from './refit-rows.js'
import { rowsBySupport, supportOf } from './supports.js'

/** No more than this many multiply-adds of products, about half a minute: on 512×4608 some 40 iterations. */
const mostWork = 4e11
/** How many of them take as long as one of a factorisation in f64. */
const priceOfFactors = 5

/**
 * The refit of all rows at once by conjugate gradients. Products are f32, about twice as fast as f64; then the true
 * residual is formed in f64, and rows that rounding has led astray go on from there in f64. Rows that so many
 * iterations do not solve are factored, as many as the work allows. Starts from the given weights and their residual
 * [rows, cols].
 */
export function refitByGradients(
  linalg: Linalg,
  problem: DampedProblem,
  mask: Uint8Array,
  start: Float64Array,
  residual: Float64Array,
  signal?: AbortSignal,
): FittedRows {
  const { rows, cols, h } = problem.problem
  const weights = start.slice()
  const all = Int32Array.from({ length: rows }, (_, row) => row)
  const exact: Product = (d, count) => timesDamped(linalg, d, h, problem.lambda, count, cols)
  const single = singleProduct(linalg, problem)
  const first = descend(problem, mask, weights, residual, all, single ?? exact, { most: mostWork, signal })
  const fitted = lossesOf(linalg, problem, weights)
  let { open, work } = first
  const again = single ? drifted(problem, mask, first.residual, fitted, open) : new Int32Array(0)
  if (again.length + open.length === 0) return fitted

  const given = { weights: start, residual, losses: lossPerRow(problem, start, residual) }
  const worse = [...again, ...open].filter((row) => !(fitted.losses[row] < given.losses[row]))
  takeRows(fitted, given, worse, cols)
  if (again.length > 0) {
    const better = fitted.weights.slice()
    const second = descend(problem, mask, better, fitted.residual, again, exact, { most: mostWork - work, signal })
    takeBetter(linalg, problem, fitted, better, again)
    open = Int32Array.from([...open, ...second.open]).sort()
    work += second.work
  }
  const factored = affordable(mask, open, cols, (mostWork - work) / priceOfFactors)
  if (factored.length > 0) {
    const groups = rowsBySupport(mask, factored, cols)
    const better = refitRows(linalg, problem, mask, groups, fitted.weights, fitted.residual, signal)
    takeBetter(linalg, problem, fitted, better, factored)
  }
  return fitted
}

/**
 * Rows, but for those that are `open`, whose true residual is so far from the one that the iterations went by that
 * their losses may be higher by more than the tolerance: of the difference e, eᵀ(H_SS)⁻¹e ≤ ‖e‖²/λ is still to be won.
 */
function drifted(
  problem: DampedProblem,
  mask: Uint8Array,
  believed: Float64Array,
  { residual, losses }: FittedRows,
  open: Int32Array,
): Int32Array {
  const { cols } = problem.problem
  const least = leastLosses(problem)
  return Int32Array.from(losses.keys()).filter((row) => {
    if (open.includes(row)) return false
    let square = 0
    for (let i = row * cols; i < (row + 1) * cols; i++) if (mask[i]) square += (residual[i] - believed[i]) ** 2
    return !(square / problem.lambda <= Math.max(tolerance * losses[row], least[row]))
  })
}

/** The first rows whose factorisations, k³/6 each, are no more work than that. */
function affordable(mask: Uint8Array, rows: Int32Array, cols: number, most: number): Int32Array {
  let work = 0
  return rows.filter((row) => (work += supportOf(mask, row, cols).length ** 3 / 6) <= most)
}

/**
 * D ↦ D(H + λI) in f32. A product's error, 1e-7 of H's largest eigenvalue, counts for its square over the smallest one:
 * that is up to 1e-14·tr(H)/λ of the size of the row, Σ w*²D, which may be far more than its loss. Beyond a ratio of
 * 1e7 H itself is no longer positive definite in f32; then there is none.
 */
function singleProduct(linalg: Linalg, { problem, lambda }: DampedProblem): Product | undefined {
  const { cols, h } = problem
  let trace = 0
  for (let j = 0; j < cols; j++) trace += h[j * cols + j]
  if (!(lambda > 0) || trace / lambda > 1e7) return undefined

  // Scaled, so that no statistics are out of the range of f32.
  const scale = cols / (trace + lambda * cols)
  const narrow = new Float32Array(h.length)
  for (let i = 0; i < h.length; i++) narrow[i] = h[i] * scale
  for (let j = 0; j < cols; j++) narrow[j * cols + j] += lambda * scale
  return (d, count) => {
    const product = new Float32Array(count * cols)
    linalg.gemm({ m: count, n: cols, k: cols, a: new Float32Array(d), b: narrow, c: product })
    const wide = new Float64Array(product)
    for (let i = 0; i < wide.length; i++) wide[i] /= scale
    return wide
  }
}
