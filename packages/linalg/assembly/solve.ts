import { blockRows, blockTriangle, colsStride, rowsStride, solveRows } from './block'
import { Job, meet } from './job'
import { packRows } from './pack'
import { packTriangle } from './strip'
import { panels, ROWS, width } from './tile'
import { update } from './update'

export function solveBytes<T>(job: Job): usize {
  return (
    <usize>panels(job.m, blockRows<T>()) * blockTriangle<T>() +
    <usize>panels(job.n, width<T>()) * colsStride<T>() +
    <usize>panels(job.m, ROWS) * rowsStride<T>()
  )
}

/** Packs the triangles of all diagonal blocks of L [n × n], one after another. */
export function packTriangles<T>(job: Job, n: i32, unit: bool, to: usize, id: i32, count: i32): void {
  for (let b = id; b < panels(n, blockRows<T>()); b += count) {
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
export function packBelow<T>(job: Job, n: i32, first: i32, nb: i32, to: usize, id: i32, count: i32): void {
  const below = first + nb
  for (let i = id; i < panels(n - below, ROWS); i += count) {
    const from = job.a + <usize>(<isize>(below + i * ROWS) * job.aRow + <isize>first * job.aCol)
    packRows<T>(from, job.aRow, job.aCol, n - below - i * ROWS, nb, to + <usize>i * rowsStride<T>())
  }
}

/** C ← A⁻¹·C, A [m × m] lower triangular (flag 1: its diagonal is 1), C [m × n] with contiguous columns. */
export function solve<T>(job: Job, id: i32, count: i32): bool {
  const m = job.m
  const n = job.n
  const triangles = job.work
  const right = triangles + <usize>panels(m, blockRows<T>()) * blockTriangle<T>()
  const left = right + <usize>panels(n, width<T>()) * colsStride<T>()
  packTriangles<T>(job, m, (job.flags & 1) != 0, triangles, id, count)
  if (!meet(job, id, count)) return false
  let triangle = triangles
  for (let first = 0; first < m; first += blockRows<T>(), triangle += blockTriangle<T>()) {
    const nb = min(blockRows<T>(), m - first)
    const x = job.c + <usize>(<isize>first * job.cRow)
    solveRows<T>(nb, triangle, x, job.cRow, n, right, 0, job.scratch, id, count)
    packBelow<T>(job, m, first, nb, left, id, count)
    if (!meet(job, id, count)) return false
    const below = x + <usize>(<isize>nb * job.cRow)
    const rows = m - first - nb
    // prettier-ignore
    update<T>(
      rows, n, nb, -1, left, rowsStride<T>(), right, colsStride<T>(), below, job.cRow, false, job.scratch, id, count,
    )
    if (!meet(job, id, count)) return false
  }
  return true
}
