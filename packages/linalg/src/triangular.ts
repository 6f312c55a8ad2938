import type { Kernels } from './kernels.js'
import { block, reverse, reverseRows, transpose, type Matrix } from './matrix.js'
import { multiply } from './multiply.js'

/** Sizes up to this are left to the unblocked kernels; above, recursion gives the work to `multiply`. */
const SMALL = 32

const split = (n: number): number => Math.max(SMALL, Math.ceil(n / 2 / SMALL) * SMALL)

/** X ← A⁻¹·X, A triangular in memory. Upper triangles are lower ones in reverse order. */
export function solve(k: Kernels, a: Matrix, lower: boolean, unit: boolean, x: Matrix): void {
  if (!lower) return solve(k, reverse(a, k.size), true, unit, reverseRows(x, k.size))
  const m = a.rows
  if (m === 0 || x.cols === 0) return
  if (m <= SMALL) {
    const mark = k.arena.mark()
    const scratch = k.arena.alloc(64 * m)
    k.solveLower(m, x.cols, a.pointer, a.rs, a.cs, unit ? 1 : 0, x.pointer, x.rs, x.cs, scratch)
    return k.arena.release(mark)
  }
  const h = split(m)
  const [top, bottom] = [block(x, k.size, 0, h, 0, x.cols), block(x, k.size, h, m, 0, x.cols)]
  solve(k, block(a, k.size, 0, h, 0, h), true, unit, top)
  multiply(k, -1, block(a, k.size, h, m, 0, h), top, bottom)
  solve(k, block(a, k.size, h, m, h, m), true, unit, bottom)
}

/** In place lower Cholesky factor; only the lower triangle is read and written. Returns the failing column, or -1. */
export function cholesky(k: Kernels, a: Matrix): number {
  const n = a.rows
  if (n <= SMALL) return k.cholesky(n, a.pointer, a.rs, a.cs)
  const h = split(n)
  const [a11, a21, a22] = quarters(a, k.size, h)
  const first = cholesky(k, a11)
  if (first >= 0) return first
  // A21 ← A21·L11⁻ᵀ, as L11·X = A21ᵀ
  solve(k, a11, true, false, transpose(a21))
  subtractGram(k, a21, a22)
  const second = cholesky(k, a22)
  return second < 0 ? -1 : h + second
}

/** The lower triangle of C −= A·Aᵀ. */
function subtractGram(k: Kernels, a: Matrix, c: Matrix): void {
  const n = c.rows
  if (n <= 2 * SMALL) return multiply(k, -1, a, transpose(a), c)
  const h = split(n)
  const [top, bottom] = [block(a, k.size, 0, h, 0, a.cols), block(a, k.size, h, n, 0, a.cols)]
  subtractGram(k, top, block(c, k.size, 0, h, 0, h))
  multiply(k, -1, bottom, transpose(top), block(c, k.size, h, n, 0, h))
  subtractGram(k, bottom, block(c, k.size, h, n, h, n))
}

/** In place inverse of a lower triangle. */
export function invert(k: Kernels, l: Matrix): void {
  const n = l.rows
  if (n <= SMALL) return k.invertLower(n, l.pointer, l.rs, l.cs)
  const h = split(n)
  const [l11, l21, l22] = quarters(l, k.size, h)
  // L21 ← −L22⁻¹·L21·L11⁻¹
  solve(k, l22, true, false, l21)
  solve(k, transpose(l11), false, false, transpose(l21))
  negate(k, l21)
  invert(k, l11)
  invert(k, l22)
}

function negate(k: Kernels, a: Matrix): void {
  const { arena, size } = k
  for (let i = 0; i < a.rows; i++) {
    const last = (a.cols - 1) * a.cs
    const start = a.pointer + (i * a.rs + Math.min(0, last)) * size
    const length = Math.abs(last) + 1
    const row = size === 4 ? arena.float32(start, length) : arena.float64(start, length)
    for (let j = 0; j < length; j += Math.abs(a.cs)) row[j] = -row[j]!
  }
}

/** The lower triangle of Lᵀ·L in place of L, recursively (LAPACK's lauum); the upper triangle of L must be zero. */
export function gramOfLower(k: Kernels, l: Matrix): void {
  const n = l.rows
  const { arena, size } = k
  const mark = arena.mark()
  if (n <= 2 * SMALL) {
    const copy = copyOf(k, l)
    clear(k, l)
    multiply(k, 1, transpose(copy), copy, l)
    arena.release(mark)
    return
  }
  const h = split(n)
  const [l11, l21, l22] = quarters(l, size, h)
  gramOfLower(k, l11)
  addGram(k, l21, l11)
  const copy = copyOf(k, l21)
  clear(k, l21)
  multiply(k, 1, transpose(l22), copy, l21)
  arena.release(mark)
  gramOfLower(k, l22)
}

/** The lower triangle of C += Aᵀ·A. */
function addGram(k: Kernels, a: Matrix, c: Matrix): void {
  const n = c.rows
  if (n <= 2 * SMALL) return multiply(k, 1, transpose(a), a, c)
  const h = split(n)
  const [left, right] = [block(a, k.size, 0, a.rows, 0, h), block(a, k.size, 0, a.rows, h, n)]
  addGram(k, left, block(c, k.size, 0, h, 0, h))
  multiply(k, 1, transpose(right), left, block(c, k.size, h, n, 0, h))
  addGram(k, right, block(c, k.size, h, n, h, n))
}

const quarters = (a: Matrix, size: number, h: number): [Matrix, Matrix, Matrix] => [
  block(a, size, 0, h, 0, h),
  block(a, size, h, a.rows, 0, h),
  block(a, size, h, a.rows, h, a.rows),
]

/** A dense copy, row-major, of a matrix whose rows are contiguous. */
function copyOf(k: Kernels, a: Matrix): Matrix {
  const { arena, size } = k
  const pointer = arena.alloc(a.rows * a.cols * size)
  const bytes = new Uint8Array(arena.memory.buffer)
  for (let i = 0; i < a.rows; i++) {
    const from = a.pointer + i * a.rs * size
    bytes.copyWithin(pointer + i * a.cols * size, from, from + a.cols * size)
  }
  return { pointer, rows: a.rows, cols: a.cols, rs: a.cols, cs: 1 }
}

function clear(k: Kernels, a: Matrix): void {
  const bytes = new Uint8Array(k.arena.memory.buffer)
  for (let i = 0; i < a.rows; i++) {
    const from = a.pointer + i * a.rs * k.size
    bytes.fill(0, from, from + a.cols * k.size)
  }
}
