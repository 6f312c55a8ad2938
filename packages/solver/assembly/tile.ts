import { madd } from './vector'

/** Rows of a tile. */
export const ROWS: i32 = 4

/** Columns of a tile: two vectors. */
export function width<T>(): i32 {
  return 32 / <i32>sizeof<T>()
}

/**
 * Σ a_t·b_tᵀ over `k` steps, to ROWS × 32 bytes at `out`: for each step ROWS values at `a` and two vectors at `b`, `step`
 * bytes on from those of the step before. That the sums are stored last of all keeps V8 from spilling them.
 */
export function tile<T>(k: i32, a: usize, b: usize, step: usize, out: usize): void {
  let c00 = v128.splat<T>(0)
  let c01 = c00
  let c10 = c00
  let c11 = c00
  let c20 = c00
  let c21 = c00
  let c30 = c00
  let c31 = c00
  const end = a + <usize>k * step
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
    a += step
    b += step
  }
  v128.store(out, c00)
  v128.store(out, c01, 16)
  v128.store(out, c10, 32)
  v128.store(out, c11, 48)
  v128.store(out, c20, 64)
  v128.store(out, c21, 80)
  v128.store(out, c30, 96)
  v128.store(out, c31, 112)
}
