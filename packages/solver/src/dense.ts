import { isTacoError } from '@tacojs/errors'
import type { Linalg } from '@tacojs/linalg'

// What the solver asks of dense numerics, in the solver's words; all matrices are row-major.

/** D(H + λI): D [rows, n], H [n, n] symmetric. */
export function timesDamped(
  linalg: Linalg,
  d: Float64Array,
  h: Float64Array,
  lambda: number,
  rows: number,
  n: number,
): Float64Array {
  const product = d.slice()
  linalg.gemm({ m: rows, n, k: n, a: d, b: h, beta: lambda, c: product })
  return product
}

/** W[:, end:] −= E · U[start:end, end:]: W [rows, cols], E [rows, end − start], U [cols, cols]. */
export function subtractProduct(
  linalg: Linalg,
  w: Float64Array,
  e: Float64Array,
  u: Float64Array,
  { rows, cols, start, end }: { rows: number; cols: number; start: number; end: number },
): void {
  const [n, k] = [cols - end, end - start]
  const [b, c] = [
    { b: u, ldb: cols, bOffset: start * cols + end },
    { c: w, ldc: cols, cOffset: end },
  ]
  linalg.gemm({ m: rows, n, k, alpha: -1, a: e, ...b, beta: 1, ...c })
}

/** L [n, n] lower with J(H + λI)J = LLᵀ, J the reversal of the indices; undefined where H + λI is not definite. */
export function choleskyOfReversed(
  linalg: Linalg,
  h: Float64Array,
  lambda: number,
  n: number,
): Float64Array | undefined {
  // Row-major JHJ is H with its values in reverse.
  const a = h.slice().reverse()
  for (let i = 0; i < n; i++) a[i * n + i] += lambda
  return factor(linalg, a, n) ? a : undefined
}

/** R(H + λI)⁻¹ from that L: R [rows, n]. */
export function solveReversed(linalg: Linalg, l: Float64Array, r: Float64Array, rows: number, n: number): Float64Array {
  const x = r.slice().reverse()
  solve(linalg, l, x, n, rows)
  return x.reverse()
}

/** U = J L⁻¹ J [n, n], upper triangular: (H + λI)⁻¹ = UᵀU. L is overwritten by U. */
export function invertReversed(linalg: Linalg, l: Float64Array, n: number): Float64Array {
  linalg.trtri({ uplo: 'L', n, a: l })
  return l.reverse()
}

/** X ← XA⁻¹ for `rows` rows of k values, A [k, k] positive definite, overwritten; false where it is not definite. */
export function solvePositive(linalg: Linalg, a: Float64Array, x: Float64Array, k: number, rows: number): boolean {
  if (k <= SMALL) return unlessSingular(() => linalg.posv({ n: k, nrhs: rows, a, b: x }))
  if (!factor(linalg, a, k)) return false
  solve(linalg, a, x, k, rows)
  return true
}

/** Up to this size posv is faster than potrf and trsm (packages/linalg/bench). */
const SMALL = 1024

const factor = (linalg: Linalg, a: Float64Array, n: number): boolean =>
  unlessSingular(() => linalg.potrf({ uplo: 'L', n, a }))

/** False where the work ends in NUMERICAL. */
export function unlessSingular(work: () => void): boolean {
  try {
    work()
    return true
  } catch (error) {
    if (isTacoError(error) && error.code === 'NUMERICAL') return false
    throw error
  }
}

/** X ← X(LLᵀ)⁻¹ = XL⁻ᵀL⁻¹. */
function solve(linalg: Linalg, l: Float64Array, x: Float64Array, n: number, rows: number): void {
  for (const transA of [true, false]) linalg.trsm({ side: 'R', uplo: 'L', transA, m: rows, n, a: l, b: x })
}

/** A ← A⁻¹ [n, n], symmetric and positive definite. */
export function invertPositive(linalg: Linalg, a: Float64Array, n: number): void {
  linalg.potrf({ uplo: 'L', n, a })
  linalg.potri({ uplo: 'L', n, a })
}
