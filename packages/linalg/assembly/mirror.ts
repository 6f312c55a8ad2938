// Transposition, in squares of whole cache lines.
import { deal, draw, Member } from './job'

function square<T>(): i32 {
  return 64 / <i32>sizeof<T>()
}

/** The triangle where the row exceeds the column ← its mirror image; strides in bytes. Bands are dealt to the members. */
export function mirror<T>(me: Member, n: i32, a: usize, row: isize, col: isize): void {
  const side = square<T>()
  const counter = deal(me)
  for (let i0 = draw(counter) * side; i0 < n; i0 = draw(counter) * side) {
    for (let j0 = 0; j0 <= i0; j0 += side) {
      for (let i = i0; i < min(i0 + side, n); i++) {
        let to = a + <usize>(<isize>i * row + <isize>j0 * col)
        let from = a + <usize>(<isize>j0 * row + <isize>i * col)
        for (let j = j0; j < min(j0 + side, i); j++) {
          store<T>(to, load<T>(from))
          to += <usize>col
          from += <usize>row
        }
      }
    }
  }
}

/** B [cols × rows] ← Aᵀ, columns contiguous, rows `aRow` and `bRow` bytes apart. */
export function transpose<T>(rows: i32, cols: i32, a: usize, aRow: usize, b: usize, bRow: usize): void {
  const size = <usize>sizeof<T>()
  const side = square<T>()
  for (let i0 = 0; i0 < rows; i0 += side) {
    for (let j0 = 0; j0 < cols; j0 += side) {
      for (let j = j0; j < min(j0 + side, cols); j++) {
        let to = b + <usize>j * bRow + <usize>i0 * size
        let from = a + <usize>i0 * aRow + <usize>j * size
        for (let i = i0; i < min(i0 + side, rows); i++) {
          store<T>(to, load<T>(from))
          to += size
          from += aRow
        }
      }
    }
  }
}
