import type { Linalg } from './linalg.js'
export function timesDamped(
  _l: Linalg,
  d: Float64Array,
  h: Float64Array,
  lambda: number,
  rows: number,
  n: number,
): Float64Array {
  const c = new Float64Array(rows * n)
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < n; k++) {
      const v = d[i * n + k]
      for (let j = 0; j < n; j++) c[i * n + j] += v * h[k * n + j]
    }
  for (let i = 0; i < c.length; i++) c[i] += lambda * d[i]
  return c
}
function chol(a: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let s = a[i * n + j]
      for (let k = 0; k < j; k++) s -= a[i * n + k] * a[j * n + k]
      if (i === j) {
        if (!(s > 0)) return false
        a[i * n + i] = Math.sqrt(s)
      } else a[i * n + j] = s / a[j * n + j]
    }
  return true
}
function solve(l: Float64Array, x: Float64Array, n: number, g: number) {
  for (let r = 0; r < g; r++) {
    for (let i = 0; i < n; i++) {
      let s = x[r * n + i]
      for (let k = 0; k < i; k++) s -= l[i * n + k] * x[r * n + k]
      x[r * n + i] = s / l[i * n + i]
    }
    for (let i = n - 1; i >= 0; i--) {
      let s = x[r * n + i]
      for (let k = i + 1; k < n; k++) s -= l[k * n + i] * x[r * n + k]
      x[r * n + i] = s / l[i * n + i]
    }
  }
}
export function choleskyOfReversed(_l: Linalg, h: Float64Array, lambda: number, n: number): Float64Array | undefined {
  const a = h.slice().reverse()
  for (let i = 0; i < n; i++) a[i * n + i] += lambda
  return chol(a, n) ? a : undefined
}
export function solveReversed(_l: Linalg, f: Float64Array, r: Float64Array, rows: number, n: number): Float64Array {
  const x = r.slice().reverse()
  solve(f, x, n, rows)
  return x.reverse()
}
export function invertReversed(_l: Linalg, f: Float64Array, n: number): Float64Array {
  const u = new Float64Array(n * n)
  for (let c = 0; c < n; c++)
    for (let i = c; i < n; i++) {
      let s = i === c ? 1 : 0
      for (let k = c; k < i; k++) s -= f[i * n + k] * u[k * n + c]
      u[i * n + c] = s / f[i * n + i]
    }
  return u.reverse()
}
export function solvePositive(_l: Linalg, a: Float64Array, x: Float64Array, n: number, g: number): boolean {
  if (!chol(a, n)) return false
  solve(a, x, n, g)
  return true
}
export function subtractProduct(
  _l: Linalg,
  w: Float64Array,
  e: Float64Array,
  u: Float64Array,
  { rows, cols, start, end }: { rows: number; cols: number; start: number; end: number },
): void {
  const b = end - start
  for (let r = 0; r < rows; r++)
    for (let k = 0; k < b; k++) {
      const v = e[r * b + k]
      if (v) for (let j = end; j < cols; j++) w[r * cols + j] -= v * u[(start + k) * cols + j]
    }
}
export function addGram(_l: Linalg, h: Float64Array, x: Float32Array, n: number, cols: number): void {
  for (let p = 0; p < n; p++)
    for (let i = 0; i < cols; i++) for (let j = i; j < cols; j++) h[i * cols + j] += x[p * cols + i] * x[p * cols + j]
}
export function addOuter(
  _l: Linalg,
  b: Float64Array,
  y: Float32Array,
  x: Float32Array,
  n: number,
  rows: number,
  cols: number,
): void {
  for (let p = 0; p < n; p++)
    for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) b[i * cols + j] += y[p * rows + i] * x[p * cols + j]
}
