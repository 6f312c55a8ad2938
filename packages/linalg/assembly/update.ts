import { deal, draw, Member } from './job'
import { addTile, ROWS, tile, width } from './tile'

/** Bytes of B that stay in the second-level cache while all rows of A pass. */
const CACHED: i32 = 256 * 1024

/** Which part of C is wanted; what lies beyond may be written too, in the tiles that the diagonal crosses. */
export const WHOLE: i32 = 0
export const UPPER: i32 = 1
export const LOWER: i32 = 2

/**
 * C [m × n] += alpha·A·B from panels of depth k, which lie `strideA` and `strideB` bytes apart; `row` bytes from row to
 * row of C. Panels of rows are dealt to the members. The panels are of T; C is too, or f64.
 */
export function update<T, C>(
  me: Member,
  m: i32,
  n: i32,
  k: i32,
  alpha: C,
  a: usize,
  strideA: usize,
  b: usize,
  strideB: usize,
  c: usize,
  row: isize,
  shape: i32,
): void {
  const size = <usize>sizeof<C>()
  const w = width<T>()
  const block = w * max(1, CACHED / (k * 32))
  const sums = me.tile
  const counter = deal(me)
  let mine = draw(counter)
  let turn = 0
  for (let from = 0; from < n; from += block) {
    const to = min(from + block, n)
    let panel = a
    for (let i = 0; i < m; i += ROWS, panel += strideA) {
      if (shape == UPPER && i >= to) break
      if (turn++ != mine) continue
      const first = shape == UPPER ? max(from, i - (i % w)) : from
      const last = shape == LOWER ? min(to, i + ROWS) : to
      const line = c + <usize>(<isize>i * row)
      for (let j = first; j < last; j += w) {
        const right = b + <usize>(j / w) * strideB
        const at = line + <usize>j * size
        tile<T>(k, panel, <usize>ROWS * sizeof<T>(), right, 32, sums)
        if (i + ROWS <= m && j + w <= n) {
          addTile<T, C>(alpha, sums, at, row)
          continue
        }
        // at the edge, value by value, so that nothing beyond C is touched
        for (let r = 0; r < min(ROWS, m - i); r++) {
          const target = at + <usize>(<isize>r * row)
          for (let q: usize = 0; q < <usize>min(w, n - j); q++) {
            const sum = load<T>(sums + ((<usize>r) << 5) + q * sizeof<T>())
            store<C>(target + q * size, load<C>(target + q * size) + alpha * <C>sum)
          }
        }
      }
      mine = draw(counter)
    }
  }
}
