// Solving with a triangular block on strips: panels of B, two vectors wide, that the block turns into panels of X.
import { addTile, ROWS, tile } from './tile'

/** Bytes of a packed triangular block of `groups` groups of ROWS rows. */
export function triangleBytes<T>(groups: i32): usize {
  return <usize>((ROWS * ROWS * groups * (groups + 1)) / 2) * sizeof<T>()
}

/**
 * Packs the lower triangular L [nb × nb], strides in bytes: for each group of ROWS rows a panel of A as deep as the group
 * reaches, its diagonal inverted (taken as 1 if `unit`). Rows beyond nb are those of the identity.
 */
export function packTriangle<T>(nb: i32, l: usize, row: isize, col: isize, unit: bool, to: usize): void {
  const size = <usize>sizeof<T>()
  for (let r = 0; r < nb; r += ROWS) {
    for (let p = 0; p < r + ROWS; p++) {
      for (let i = r; i < r + ROWS; i++) {
        let value: T = p == i ? 1 : 0
        if (i < nb && p <= i && !(unit && p == i)) {
          value = load<T>(l + <usize>(<isize>i * row + <isize>p * col))
          if (p == i) value = <T>1 / value
        }
        store<T>(to, value)
        to += size
      }
    }
  }
}

function nmadd<T>(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_nmadd<T>(a, b, c)
  return v128.sub<T>(c, v128.mul<T>(a, b))
}

/**
 * Forward substitution in ROWS rows of two vectors, `row` bytes apart. `u` holds ROWS × ROWS values: at [q][i] the factor
 * of row q in row i, on the diagonal its inverse.
 */
export function substitute<T>(x: usize, row: usize, u: usize): void {
  const x1 = x + row
  const x2 = x1 + row
  const x3 = x2 + row
  const x4 = x3 + row
  const x5 = x4 + row
  let s00 = v128.load(x)
  let s01 = v128.load(x, 16)
  let s10 = v128.load(x1)
  let s11 = v128.load(x1, 16)
  let s20 = v128.load(x2)
  let s21 = v128.load(x2, 16)
  let s30 = v128.load(x3)
  let s31 = v128.load(x3, 16)
  let s40 = v128.load(x4)
  let s41 = v128.load(x4, 16)
  let s50 = s40
  let s51 = s41
  if (ASC_FEATURE_RELAXED_SIMD) {
    s50 = v128.load(x5)
    s51 = v128.load(x5, 16)
  }
  let f = v128.load_splat<T>(u)
  s00 = v128.mul<T>(s00, f)
  s01 = v128.mul<T>(s01, f)
  v128.store(x, s00)
  v128.store(x, s01, 16)
  f = v128.load_splat<T>(u, (0 * ROWS + 1) * sizeof<T>())
  s10 = nmadd<T>(f, s00, s10)
  s11 = nmadd<T>(f, s01, s11)
  f = v128.load_splat<T>(u, (0 * ROWS + 2) * sizeof<T>())
  s20 = nmadd<T>(f, s00, s20)
  s21 = nmadd<T>(f, s01, s21)
  f = v128.load_splat<T>(u, (0 * ROWS + 3) * sizeof<T>())
  s30 = nmadd<T>(f, s00, s30)
  s31 = nmadd<T>(f, s01, s31)
  f = v128.load_splat<T>(u, (0 * ROWS + 4) * sizeof<T>())
  s40 = nmadd<T>(f, s00, s40)
  s41 = nmadd<T>(f, s01, s41)
  if (ASC_FEATURE_RELAXED_SIMD) {
    f = v128.load_splat<T>(u, (0 * ROWS + 5) * sizeof<T>())
    s50 = nmadd<T>(f, s00, s50)
    s51 = nmadd<T>(f, s01, s51)
  }
  f = v128.load_splat<T>(u, (1 * ROWS + 1) * sizeof<T>())
  s10 = v128.mul<T>(s10, f)
  s11 = v128.mul<T>(s11, f)
  v128.store(x1, s10)
  v128.store(x1, s11, 16)
  f = v128.load_splat<T>(u, (1 * ROWS + 2) * sizeof<T>())
  s20 = nmadd<T>(f, s10, s20)
  s21 = nmadd<T>(f, s11, s21)
  f = v128.load_splat<T>(u, (1 * ROWS + 3) * sizeof<T>())
  s30 = nmadd<T>(f, s10, s30)
  s31 = nmadd<T>(f, s11, s31)
  f = v128.load_splat<T>(u, (1 * ROWS + 4) * sizeof<T>())
  s40 = nmadd<T>(f, s10, s40)
  s41 = nmadd<T>(f, s11, s41)
  if (ASC_FEATURE_RELAXED_SIMD) {
    f = v128.load_splat<T>(u, (1 * ROWS + 5) * sizeof<T>())
    s50 = nmadd<T>(f, s10, s50)
    s51 = nmadd<T>(f, s11, s51)
  }
  f = v128.load_splat<T>(u, (2 * ROWS + 2) * sizeof<T>())
  s20 = v128.mul<T>(s20, f)
  s21 = v128.mul<T>(s21, f)
  v128.store(x2, s20)
  v128.store(x2, s21, 16)
  f = v128.load_splat<T>(u, (2 * ROWS + 3) * sizeof<T>())
  s30 = nmadd<T>(f, s20, s30)
  s31 = nmadd<T>(f, s21, s31)
  f = v128.load_splat<T>(u, (2 * ROWS + 4) * sizeof<T>())
  s40 = nmadd<T>(f, s20, s40)
  s41 = nmadd<T>(f, s21, s41)
  if (ASC_FEATURE_RELAXED_SIMD) {
    f = v128.load_splat<T>(u, (2 * ROWS + 5) * sizeof<T>())
    s50 = nmadd<T>(f, s20, s50)
    s51 = nmadd<T>(f, s21, s51)
  }
  f = v128.load_splat<T>(u, (3 * ROWS + 3) * sizeof<T>())
  s30 = v128.mul<T>(s30, f)
  s31 = v128.mul<T>(s31, f)
  v128.store(x3, s30)
  v128.store(x3, s31, 16)
  f = v128.load_splat<T>(u, (3 * ROWS + 4) * sizeof<T>())
  s40 = nmadd<T>(f, s30, s40)
  s41 = nmadd<T>(f, s31, s41)
  if (ASC_FEATURE_RELAXED_SIMD) {
    f = v128.load_splat<T>(u, (3 * ROWS + 5) * sizeof<T>())
    s50 = nmadd<T>(f, s30, s50)
    s51 = nmadd<T>(f, s31, s51)
  }
  f = v128.load_splat<T>(u, (4 * ROWS + 4) * sizeof<T>())
  s40 = v128.mul<T>(s40, f)
  s41 = v128.mul<T>(s41, f)
  v128.store(x4, s40)
  v128.store(x4, s41, 16)
  if (ASC_FEATURE_RELAXED_SIMD) {
    f = v128.load_splat<T>(u, (4 * ROWS + 5) * sizeof<T>())
    s50 = nmadd<T>(f, s40, s50)
    s51 = nmadd<T>(f, s41, s51)
  }
  if (ASC_FEATURE_RELAXED_SIMD) {
    f = v128.load_splat<T>(u, (5 * ROWS + 5) * sizeof<T>())
    s50 = v128.mul<T>(s50, f)
    s51 = v128.mul<T>(s51, f)
    v128.store(x5, s50)
    v128.store(x5, s51, 16)
  }
}

/** X ← L⁻¹·X in a panel of B of `rows` rows, a multiple of ROWS, with L from packTriangle; `scratch` holds a tile. */
export function solveStrip<T>(rows: i32, l: usize, strip: usize, scratch: usize): void {
  const size = <usize>sizeof<T>()
  const step = <usize>ROWS * size
  for (let r = 0; r < rows; r += ROWS) {
    const x = strip + ((<usize>r) << 5)
    if (r > 0) {
      tile<T>(r, l, step, strip, 32, scratch)
      addTile<T, T>(-1, scratch, x, 32)
    }
    substitute<T>(x, 32, l + <usize>r * step)
    l += <usize>(r + ROWS) * step
  }
}
