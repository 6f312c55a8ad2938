import { blockRows, blockTriangle, colsStride, rowsStride, solveRows, updateBlock } from './block'
import { deal, draw, Job, Member, meet } from './job'
import { packCols, packRows } from './pack'
import { packTriangle } from './strip'
import { panels, ROWS, width } from './tile'
import { WHOLE } from './update'

export function solveBytes<T>(job: Job): usize {
  return (
    <usize>panels(job.m, blockRows<T>()) * blockTriangle<T>() +
    <usize>(panels(job.n, width<T>()) + panels(job.m, width<T>())) * colsStride<T>() +
    <usize>panels(max(job.m, job.n), ROWS) * rowsStride<T>()
  )
}

/** Packs the triangles of all diagonal blocks of L [n × n], one after another. */
export function packTriangles<T>(me: Member, n: i32, unit: bool, to: usize): void {
  const job = me.job
  const counter = deal(me)
  for (let b = draw(counter); b < panels(n, blockRows<T>()); b = draw(counter)) {
    const first = b * blockRows<T>()
    const corner = job.a + <usize>(<isize>first * (job.aRow + job.aCol))
    packTriangle<T>(
      min(blockRows<T>(), n - first),
      corner,
      job.aRow,
      job.aCol,
      unit,
      to + <usize>b * blockTriangle<T>(),
    )
  }
}

/** Packs the rows of L [n × n] below its block of columns [first, first + nb). */
export function packBelow<T>(me: Member, n: i32, first: i32, nb: i32, to: usize): void {
  const job = me.job
  const below = first + nb
  const counter = deal(me)
  for (let i = draw(counter); i < panels(n - below, ROWS); i = draw(counter)) {
    const from = job.a + <usize>(<isize>(below + i * ROWS) * job.aRow + <isize>first * job.aCol)
    packRows<T>(from, job.aRow, job.aCol, n - below - i * ROWS, nb, to + <usize>i * rowsStride<T>())
  }
}

/**
 * C ← A⁻¹·C, A [m × m] lower triangular (flag 1: its diagonal is 1), C [m × n] with contiguous columns; or, with flag 2,
 * with contiguous rows, which may be in reverse: the update behind a block then computes the transpose.
 */
export function solve<T>(me: Member): bool {
  const job = me.job
  const m = job.m
  const n = job.n
  const across = (job.flags & 2) != 0
  const triangles = job.work
  const right = triangles + <usize>panels(m, blockRows<T>()) * blockTriangle<T>()
  const other = right + <usize>panels(n, width<T>()) * colsStride<T>()
  const left = other + <usize>panels(m, width<T>()) * colsStride<T>()
  packTriangles<T>(me, m, (job.flags & 1) != 0, triangles)
  if (!meet(me)) return false
  let triangle = triangles
  for (let first = 0; first < m; first += blockRows<T>(), triangle += blockTriangle<T>()) {
    const nb = min(blockRows<T>(), m - first)
    const rest = m - first - nb
    const x = job.c + <usize>(<isize>first * job.cRow)
    solveRows<T>(me, nb, triangle, x, job.cRow, job.cCol, n, right, across ? left : 0)
    if (across) packAcross<T>(me, m, first, nb, other)
    else packBelow<T>(me, m, first, nb, left)
    if (!meet(me)) return false
    const below = x + <usize>(<isize>nb * job.cRow)
    if (across) {
      const start = job.cRow > 0 ? below : job.c + <usize>(<isize>(m - 1) * job.cRow)
      updateBlock<T>(me, n, rest, nb, -1, left, other, start, job.cCol, WHOLE)
    } else {
      updateBlock<T>(me, rest, n, nb, -1, left, right, below, job.cRow, WHOLE)
    }
    if (!meet(me)) return false
  }
  return true
}

/** Packs the rows of L [m × m] below its block of columns as panels of B, in the order in which C's rows lie in memory. */
function packAcross<T>(me: Member, m: i32, first: i32, nb: i32, to: usize): void {
  const job = me.job
  const counter = deal(me)
  const w = width<T>()
  const below = first + nb
  const forward = job.cRow > 0
  const step = forward ? job.aRow : -job.aRow
  const start = job.a + <usize>(<isize>(forward ? below : m - 1) * job.aRow + <isize>first * job.aCol)
  for (let j = draw(counter); j < panels(m - below, w); j = draw(counter)) {
    const from = start + <usize>(<isize>(j * w) * step)
    packCols<T>(from, job.aCol, step, nb, m - below - j * w, to + <usize>j * colsStride<T>())
  }
}
