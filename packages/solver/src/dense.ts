import type { Linalg } from './linalg.js'

/** What the solver asks of dense numerics; all matrices are row-major. Only this file knows how they are computed. */

/** D(H + λI): D [rows, n], H [n, n] symmetric. */
export function timesDamped(
  _linalg: Linalg,
  d: Float64Array,
  h: Float64Array,
  lambda: number,
  rows: number,
  n: number,
): Float64Array {
  const product = lambda === 0 ? new Float64Array(rows * n) : d.map((v) => v * lambda)
  addProduct(product, n, d, { row: n, column: 1, rows, columns: n, sign: 1 }, h, n, 0, n)
  return product
}

/** W[:, end:] −= E · U[start:end, end:]: W [rows, cols], E [rows, end − start], U [cols, cols]. */
export function subtractProduct(
  _linalg: Linalg,
  w: Float64Array,
  e: Float64Array,
  u: Float64Array,
  { rows, cols, start, end }: { rows: number; cols: number; start: number; end: number },
): void {
  const a = { row: end - start, column: 1, rows, columns: end - start, sign: -1 }
  addProduct(w, cols, e, a, u.subarray(start * cols), cols, end, cols)
}

/** H += XᵀX, upper triangle at least: X [n, cols]. */
export function addGram(_linalg: Linalg, h: Float64Array, x: Float32Array, n: number, cols: number): void {
  const strip = 32
  for (let i = 0; i < cols; i += strip) {
    const a = { row: 1, column: cols, rows: Math.min(strip, cols - i), columns: n, sign: 1 }
    addProduct(h.subarray(i * cols), cols, x.subarray(i), a, x, cols, i, cols)
  }
}

/** B += YᵀX: Y [n, rows], X [n, cols]. */
export function addOuter(
  _linalg: Linalg,
  b: Float64Array,
  y: Float32Array,
  x: Float32Array,
  n: number,
  rows: number,
  cols: number,
): void {
  addProduct(b, cols, y, { row: 1, column: rows, rows, columns: n, sign: 1 }, x, cols, 0, cols)
}

/** L [n, n] lower with J(H + λI)J = LLᵀ, J the reversal of the indices; undefined where H + λI is not definite. */
export function choleskyOfReversed(
  _linalg: Linalg,
  h: Float64Array,
  lambda: number,
  n: number,
): Float64Array | undefined {
  // Row-major JHJ is H with its values in reverse.
  const a = h.slice().reverse()
  for (let i = 0; i < n; i++) a[i * n + i] += lambda
  return factor(a, n) ? a : undefined
}

/** R(H + λI)⁻¹ from that L: R [rows, n]. */
export function solveReversed(
  _linalg: Linalg,
  l: Float64Array,
  r: Float64Array,
  rows: number,
  n: number,
): Float64Array {
  const x = r.slice().reverse()
  solve(l, x, n, rows)
  return x.reverse()
}

/** U = J L⁻¹ J [n, n], upper triangular: (H + λI)⁻¹ = UᵀU. */
export function invertReversed(_linalg: Linalg, l: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    const row = inverse.subarray(i * n, i * n + i)
    for (let k = 0; k < i; k++) {
      const v = l[i * n + k]
      for (let j = 0; j <= k; j++) row[j] -= v * inverse[k * n + j]
    }
    const scale = 1 / l[i * n + i]
    for (let j = 0; j < i; j++) row[j] *= scale
    inverse[i * n + i] = scale
  }
  return inverse.reverse()
}

/** X ← XA⁻¹ for `rows` rows of k values, A [k, k] positive definite, overwritten; false where it is not definite. */
export function solvePositive(_linalg: Linalg, a: Float64Array, x: Float64Array, k: number, rows: number): boolean {
  if (!factor(a, k)) return false
  solve(a, x, k, rows)
  return true
}

/** C[:, from:to] += sign·A·B[:, from:to]; A[i, k] is a[i·row + k·column], B and C have rows of ldb and ldc values. */
function addProduct(
  c: Float64Array,
  ldc: number,
  a: Float64Array | Float32Array,
  { row, column, rows, columns, sign }: { row: number; column: number; rows: number; columns: number; sign: number },
  b: Float64Array | Float32Array,
  ldb: number,
  from: number,
  to: number,
): void {
  let k = 0
  for (; k + 3 < columns; k += 4) {
    for (let i = 0; i < rows; i++) {
      const at = i * row + k * column
      const a0 = sign * a[at]
      const a1 = sign * a[at + column]
      const a2 = sign * a[at + 2 * column]
      const a3 = sign * a[at + 3 * column]
      if (a0 === 0 && a1 === 0 && a2 === 0 && a3 === 0) continue
      const [b0, b1, b2, b3] = [k * ldb, (k + 1) * ldb, (k + 2) * ldb, (k + 3) * ldb]
      for (let j = from; j < to; j++)
        c[i * ldc + j] += a0 * b[b0 + j] + a1 * b[b1 + j] + a2 * b[b2 + j] + a3 * b[b3 + j]
    }
  }
  for (; k < columns; k++) {
    for (let i = 0; i < rows; i++) {
      const v = sign * a[i * row + k * column]
      for (let j = from; j < to; j++) c[i * ldc + j] += v * b[k * ldb + j]
    }
  }
}

/** A = LLᵀ in the lower triangle of A [n, n]; false where a pivot is not positive. */
function factor(a: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const value = a[i * n + j] - dotOf(a, i * n, j * n, j)
      if (i > j) a[i * n + j] = value / a[j * n + j]
      else if (value > 0 && value < Infinity) a[i * n + i] = Math.sqrt(value)
      else return false
    }
  }
  return true
}

/** Four sums, so that the additions need not wait for each other. */
function dotOf(a: Float64Array, first: number, second: number, length: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0]
  let k = 0
  for (; k + 3 < length; k += 4) {
    s0 += a[first + k] * a[second + k]
    s1 += a[first + k + 1] * a[second + k + 1]
    s2 += a[first + k + 2] * a[second + k + 2]
    s3 += a[first + k + 3] * a[second + k + 3]
  }
  for (; k < length; k++) s0 += a[first + k] * a[second + k]
  return s0 + s1 + (s2 + s3)
}

/** X ← X(LLᵀ)⁻¹ for `rows` rows of n values. */
function solve(l: Float64Array, x: Float64Array, n: number, rows: number): void {
  for (let r = 0; r < rows; r++) {
    const v = x.subarray(r * n, (r + 1) * n)
    for (let i = 0; i < n; i++) {
      let sum = v[i]
      for (let k = 0; k < i; k++) sum -= l[i * n + k] * v[k]
      v[i] = sum / l[i * n + i]
    }
    for (let i = n - 1; i >= 0; i--) {
      v[i] /= l[i * n + i]
      for (let k = 0; k < i; k++) v[k] -= l[i * n + k] * v[i]
    }
  }
}
