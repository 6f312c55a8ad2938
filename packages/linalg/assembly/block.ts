// What the blocked algorithms on triangles share: a block of rows is solved with its triangle in strips, which stay
// packed for the update of all rows behind it.
import { deal, draw, Member } from './job'
import { packCols, packRows, unpackCols } from './pack'
import { solveStrip, triangleBytes } from './strip'
import { panels, ROWS, width } from './tile'
import { update } from './update'

/** Rows of a block: a multiple of ROWS and of the width, for both. */
export function blockRows<T>(): i32 {
  return 480 / <i32>sizeof<T>()
}

/** Bytes of the packed triangle of a block. */
export function blockTriangle<T>(): usize {
  return triangleBytes<T>(blockRows<T>() / ROWS)
}

/** Bytes from panel to panel of a block. */
export function rowsStride<T>(): usize {
  return <usize>(blockRows<T>() * ROWS) * sizeof<T>()
}
export function colsStride<T>(): usize {
  return <usize>blockRows<T>() * 32
}

/** Columns that are whole panels of both kinds. */
function chunk<T>(): i32 {
  return (ROWS * width<T>()) / (ROWS == 6 ? 2 : 1)
}

/**
 * X ← L⁻¹·X for `nb` rows and `cols` columns of X, strides in bytes. The result also stays in `right` as panels of B, and,
 * unless 0, in `left` as panels of A: those of Xᵀ. Chunks of columns are dealt to the members.
 */
export function solveRows<T>(
  me: Member,
  nb: i32,
  triangle: usize,
  x: usize,
  row: isize,
  col: isize,
  cols: i32,
  right: usize,
  left: usize,
): void {
  const w = width<T>()
  const rows = panels(nb, ROWS) * ROWS
  const counter = deal(me)
  for (let c = draw(counter) * chunk<T>(); c < cols; c = draw(counter) * chunk<T>()) {
    const end = min(c + chunk<T>(), cols)
    for (let j = c; j < end; j += w) {
      const strip = right + <usize>(j / w) * colsStride<T>()
      const at = x + <usize>(<isize>j * col)
      packCols<T>(at, row, col, nb, cols - j, strip)
      memory.fill(strip + <usize>nb * 32, 0, <usize>(rows - nb) * 32)
      solveStrip<T>(rows, triangle, strip, me.tile)
      unpackCols<T>(strip, nb, cols - j, at, row, col)
    }
    if (left == 0) continue
    for (let i = c; i < end; i += ROWS) {
      packRows<T>(x + <usize>(<isize>i * col), col, row, cols - i, nb, left + <usize>(i / ROWS) * rowsStride<T>())
    }
  }
}

/** C [m × n] += alpha·A·B from panels that a block of `nb` was packed to. */
export function updateBlock<T>(
  me: Member,
  m: i32,
  n: i32,
  nb: i32,
  alpha: T,
  left: usize,
  right: usize,
  c: usize,
  row: isize,
  shape: i32,
): void {
  const strideA = rowsStride<T>()
  const strideB = colsStride<T>()
  update<T, T>(me, m, n, nb, alpha, left, strideA, right, strideB, c, row, shape)
}
