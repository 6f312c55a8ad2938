// The tile that all the work is done in: ROWS rows × 2 vectors of columns. Loads carry their offsets as immediates, and
// accumulators, loads and a temporary fit V8's 15 registers: 12 + 3 with relaxed multiply-add, 10 + 4 without.

/** Rows of a tile, and of a packed panel of A. */
export const ROWS: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 5

/** Columns of a tile, and of a packed panel of B: two vectors. */
export function width<T>(): i32 {
  return 32 / <i32>sizeof<T>()
}

/** Panels of `size` that hold n rows or columns. */
export function panels(n: i32, size: i32): i32 {
  return (n + size - 1) / size
}

export function madd<T>(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<T>(a, b, c)
  return v128.add<T>(c, v128.mul<T>(a, b))
}

/**
 * The product of ROWS rows of A and two vectors of columns of B, to ROWS × 32 bytes at `out`. For each of the k steps A
 * gives ROWS values and B two vectors; from step to step they lie `stepA` and `stepB` bytes apart. That the sums are
 * stored as they are, last of all, matters: V8 then keeps loads and sums in this order. Otherwise all loads come first, and
 * half of the registers are spilled.
 */
export function tile<T>(k: i32, a: usize, stepA: usize, b: usize, stepB: usize, out: usize): void {
  let c00 = v128.splat<T>(0)
  let c01 = c00
  let c10 = c00
  let c11 = c00
  let c20 = c00
  let c21 = c00
  let c30 = c00
  let c31 = c00
  let c40 = c00
  let c41 = c00
  let c50 = c00
  let c51 = c00
  const end = a + <usize>k * stepA
  while (a != end) {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    const a0 = v128.load_splat<T>(a)
    c00 = madd<T>(a0, b0, c00)
    c01 = madd<T>(a0, b1, c01)
    const a1 = v128.load_splat<T>(a, sizeof<T>())
    c10 = madd<T>(a1, b0, c10)
    c11 = madd<T>(a1, b1, c11)
    const a2 = v128.load_splat<T>(a, 2 * sizeof<T>())
    c20 = madd<T>(a2, b0, c20)
    c21 = madd<T>(a2, b1, c21)
    const a3 = v128.load_splat<T>(a, 3 * sizeof<T>())
    c30 = madd<T>(a3, b0, c30)
    c31 = madd<T>(a3, b1, c31)
    const a4 = v128.load_splat<T>(a, 4 * sizeof<T>())
    c40 = madd<T>(a4, b0, c40)
    c41 = madd<T>(a4, b1, c41)
    if (ASC_FEATURE_RELAXED_SIMD) {
      const a5 = v128.load_splat<T>(a, 5 * sizeof<T>())
      c50 = madd<T>(a5, b0, c50)
      c51 = madd<T>(a5, b1, c51)
    }
    a += stepA
    b += stepB
  }
  v128.store(out, c00)
  v128.store(out, c01, 16)
  v128.store(out, c10, 32)
  v128.store(out, c11, 48)
  v128.store(out, c20, 64)
  v128.store(out, c21, 80)
  v128.store(out, c30, 96)
  v128.store(out, c31, 112)
  v128.store(out, c40, 128)
  v128.store(out, c41, 144)
  if (ASC_FEATURE_RELAXED_SIMD) {
    v128.store(out, c50, 160)
    v128.store(out, c51, 176)
  }
}

/** One row of a tile: C += factor·sum. */
function addRow<T>(factor: v128, from: usize, c: usize): void {
  const s0 = madd<T>(factor, v128.load(from), v128.load(c))
  const s1 = madd<T>(factor, v128.load(from, 16), v128.load(c, 16))
  v128.store(c, s0)
  v128.store(c, s1, 16)
}

/** The same from f32 to f64. */
function addRowWide(factor: v128, from: usize, c: usize): void {
  const s0 = v128.load(from)
  const s1 = v128.load(from, 16)
  const h0 = v128.shuffle<f64>(s0, s0, 1, 1)
  const h1 = v128.shuffle<f64>(s1, s1, 1, 1)
  v128.store(c, madd<f64>(factor, f64x2.promote_low_f32x4(s0), v128.load(c)))
  v128.store(c, madd<f64>(factor, f64x2.promote_low_f32x4(h0), v128.load(c, 16)), 16)
  v128.store(c, madd<f64>(factor, f64x2.promote_low_f32x4(s1), v128.load(c, 32)), 32)
  v128.store(c, madd<f64>(factor, f64x2.promote_low_f32x4(h1), v128.load(c, 48)), 48)
}

function addRowTo<T, C>(factor: v128, from: usize, c: usize): void {
  if (sizeof<C>() == sizeof<T>()) addRow<T>(factor, from, c)
  else addRowWide(factor, from, c)
}

/** C += alpha·tile, a whole tile of T; the rows of C lie `row` bytes apart, and may be f64 where the tile is f32. */
export function addTile<T, C>(alpha: C, from: usize, c: usize, row: isize): void {
  const factor = v128.splat<C>(alpha)
  addRowTo<T, C>(factor, from, c)
  c += <usize>row
  addRowTo<T, C>(factor, from + 32, c)
  c += <usize>row
  addRowTo<T, C>(factor, from + 64, c)
  c += <usize>row
  addRowTo<T, C>(factor, from + 96, c)
  c += <usize>row
  addRowTo<T, C>(factor, from + 128, c)
  if (ASC_FEATURE_RELAXED_SIMD) addRowTo<T, C>(factor, from + 160, c + <usize>row)
}
