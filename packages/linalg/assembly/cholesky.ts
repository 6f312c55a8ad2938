import { blockRows, blockTriangle, colsStride, rowsStride, solveRows, updateBlock } from './block'
import { Job, Member, meet } from './job'
import { packTriangle, substitute } from './strip'
import { addTile, panels, ROWS, tile, width } from './tile'
import { LOWER, UPPER } from './update'

/** Bytes from row to row of the copy of a diagonal block. */
function copyRow<T>(): usize {
  return <usize>blockRows<T>() * sizeof<T>()
}

export function choleskyBytes<T>(job: Job): usize {
  return (
    blockTriangle<T>() +
    <usize>blockRows<T>() * copyRow<T>() +
    <usize>panels(job.n, width<T>()) * colsStride<T>() +
    <usize>panels(job.n, ROWS) * rowsStride<T>()
  )
}

/**
 * A = UᵀU in place, A [n × n] symmetric. With contiguous columns only the upper triangle is read and holds U afterwards;
 * with contiguous rows it is the same for the lower triangle in memory. The other triangle is partly overwritten. Sets
 * `result` to the first column whose pivot is not positive and finite, if any.
 */
export function cholesky<T>(me: Member): bool {
  const job = me.job
  const size = <isize>sizeof<T>()
  const n = job.n
  const row = job.aRow
  const col = job.aCol
  const shape = col == size ? UPPER : LOWER
  const triangle = job.work
  const copy = triangle + blockTriangle<T>()
  const right = copy + <usize>blockRows<T>() * copyRow<T>()
  const left = right + <usize>panels(n, width<T>()) * colsStride<T>()
  for (let first = 0; first < n; first += blockRows<T>()) {
    const nb = min(blockRows<T>(), n - first)
    const corner = job.a + <usize>(<isize>first * (row + col))
    if (me.id == 0) {
      const failed = factor<T>(nb, corner, row, col, copy, triangle, me.tile)
      if (failed >= 0) job.result = first + failed
      else packTriangle<T>(nb, copy, size, <isize>copyRow<T>(), false, triangle)
    }
    if (!meet(me)) return false
    if (job.result >= 0) return true
    const rest = n - first - nb
    const beside = corner + <usize>(<isize>nb * col)
    solveRows<T>(me, nb, triangle, beside, row, col, rest, right, left)
    if (!meet(me)) return false
    const behind = beside + <usize>(<isize>nb * row)
    const step = max(row, col)
    updateBlock<T>(me, rest, rest, nb, -1, left, right, behind, step, shape)
    if (!meet(me)) return false
  }
  return true
}

/**
 * The factor of a diagonal block: in a copy whose rows beyond nb are those of the identity, and in place. Group by group of
 * ROWS rows: the update by the rows above, the factor of the small square on the diagonal, the substitution with it. What
 * lies below the diagonal is never used. Returns the first column with a bad pivot, or -1. `small` holds the square.
 */
function factor<T>(nb: i32, a: usize, row: isize, col: isize, copy: usize, small: usize, scratch: usize): i32 {
  const size = <usize>sizeof<T>()
  const w = width<T>()
  const step = copyRow<T>()
  const rows = panels(nb, ROWS) * ROWS
  const cols = panels(rows, w) * w
  for (let i = 0; i < rows; i++) {
    const line = copy + <usize>i * step
    memory.fill(line, 0, <usize>cols * size)
    if (i >= nb) store<T>(line + <usize>i * size, 1)
    for (let j = i; j < nb; j++) {
      store<T>(line + <usize>j * size, load<T>(a + <usize>(<isize>i * row + <isize>j * col)))
    }
  }
  for (let r = 0; r < rows; r += ROWS) {
    const line = copy + <usize>r * step
    const start = r - (r % w)
    if (r > 0) {
      for (let j = start; j < cols; j += w) {
        const column = <usize>j * size
        tile<T>(r, copy + <usize>r * size, step, copy + column, step, scratch)
        addTile<T, T>(-1, scratch, line + column, <isize>step)
      }
    }
    const failed = factorSmall<T>(line + <usize>r * size, step, small)
    if (failed >= 0) return r + failed
    for (let j = start; j < cols; j += w) substitute<T>(line + <usize>j * size, step, small)
  }
  for (let i = 0; i < nb; i++) {
    for (let j = i; j < nb; j++) {
      store<T>(a + <usize>(<isize>i * row + <isize>j * col), load<T>(copy + <usize>i * step + <usize>j * size))
    }
  }
  return -1
}

/** The factor of ROWS × ROWS values as `substitute` takes it: upper, its diagonal inverted. */
function factorSmall<T>(a: usize, row: usize, u: usize): i32 {
  const size = <usize>sizeof<T>()
  const line = <usize>ROWS * size
  for (let i = 0; i < ROWS; i++) {
    const ui = u + <usize>i * line
    for (let j = i; j < ROWS; j++) {
      let sum = load<T>(a + <usize>i * row + <usize>j * size)
      for (let p = 0; p < i; p++) {
        const up = u + <usize>p * line
        sum -= load<T>(up + <usize>i * size) * load<T>(up + <usize>j * size)
      }
      if (j > i) {
        store<T>(ui + <usize>j * size, sum * load<T>(ui + <usize>i * size))
        continue
      }
      if (!(sum > <T>0 && sum < <T>Infinity)) return i
      store<T>(ui + <usize>i * size, <T>1 / <T>Math.sqrt(<f64>sum))
    }
  }
  return -1
}
