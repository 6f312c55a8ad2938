// Transposition, in squares that stay in the cache both as they are read and as they are written.
const SQUARE: i32 = 16

/** The triangle where the row exceeds the column ← its mirror image; strides in bytes. Bands are dealt to the members. */
export function mirror<T>(n: i32, a: usize, row: isize, col: isize, id: i32, count: i32): void {
  for (let i0 = id * SQUARE; i0 < n; i0 += count * SQUARE) {
    for (let j0 = 0; j0 <= i0; j0 += SQUARE) {
      for (let i = i0; i < min(i0 + SQUARE, n); i++) {
        let to = a + <usize>(<isize>i * row + <isize>j0 * col)
        let from = a + <usize>(<isize>j0 * row + <isize>i * col)
        for (let j = j0; j < min(j0 + SQUARE, i); j++) {
          store<T>(to, load<T>(from))
          to += <usize>col
          from += <usize>row
        }
      }
    }
  }
}

/** B [cols × rows] ← Aᵀ, both dense and row-major. */
export function transpose<T>(rows: i32, cols: i32, a: usize, b: usize): void {
  const size = <usize>sizeof<T>()
  const row = <usize>cols * size
  for (let i0 = 0; i0 < rows; i0 += SQUARE) {
    for (let j0 = 0; j0 < cols; j0 += SQUARE) {
      for (let j = j0; j < min(j0 + SQUARE, cols); j++) {
        let to = b + (<usize>j * <usize>rows + <usize>i0) * size
        let from = a + <usize>i0 * row + <usize>j * size
        for (let i = i0; i < min(i0 + SQUARE, rows); i++) {
          store<T>(to, load<T>(from))
          to += size
          from += row
        }
      }
    }
  }
}
