import { blockRows, blockTriangle, colsStride, rowsStride, solveRows, updateBlock } from './block'
import { Job, Member, meet } from './job'
import { mirror } from './mirror'
import { packBelow, packTriangles } from './solve'
import { panels, ROWS, width } from './tile'
import { UPPER, WHOLE } from './update'

export function invertBytes<T>(job: Job): usize {
  return (
    <usize>panels(job.n, blockRows<T>()) * blockTriangle<T>() +
    <usize>panels(job.n, width<T>()) * colsStride<T>() +
    2 * <usize>panels(job.n, ROWS) * rowsStride<T>()
  )
}

/**
 * The lower triangle of C ← A⁻¹, A [n × n] lower triangular, its columns or its rows contiguous. With flag 1 A is then
 * replaced by CᵀC, the inverse of A·Aᵀ, row-major and whole: each block of rows of C is added to it as soon as it is known,
 * and takes no more room than the part of A that is no longer needed.
 */
export function invert<T>(me: Member): bool {
  const job = me.job
  const size = <usize>sizeof<T>()
  const n = job.n
  const gram = (job.flags & 1) != 0
  const row = max(job.aRow, job.aCol)
  const triangles = job.work
  const right = triangles + <usize>panels(n, blockRows<T>()) * blockTriangle<T>()
  const below = right + <usize>panels(n, width<T>()) * colsStride<T>()
  const left = below + <usize>panels(n, ROWS) * rowsStride<T>()
  packTriangles<T>(me, n, false, triangles)
  for (let i = me.id; i < n; i += me.count) {
    const line = job.c + <usize>(<isize>i * job.cRow)
    // the blocks to the right of the diagonal are never touched
    memory.fill(line, 0, <usize>min(n, (i / blockRows<T>() + 1) * blockRows<T>()) * size)
    store<T>(line + <usize>i * size, 1)
  }
  if (!meet(me)) return false
  let triangle = triangles
  for (let first = 0; first < n; first += blockRows<T>(), triangle += blockTriangle<T>()) {
    const nb = min(blockRows<T>(), n - first)
    const end = first + nb
    const x = job.c + <usize>(<isize>first * job.cRow)
    solveRows<T>(me, nb, triangle, x, job.cRow, <isize>size, end, right, gram ? left : 0)
    packBelow<T>(me, n, first, nb, below)
    if (gram) {
      for (let i = me.id; i < end; i += me.count) {
        memory.fill(job.a + <usize>(<isize>i * row) + <usize>first * size, 0, <usize>nb * size)
      }
    }
    if (!meet(me)) return false
    const next = x + <usize>(<isize>nb * job.cRow)
    updateBlock<T>(me, n - end, end, nb, -1, below, right, next, job.cRow, WHOLE)
    if (gram) {
      updateBlock<T>(me, end, end, nb, 1, left, right, job.a, row, UPPER)
    }
    if (!meet(me)) return false
  }
  if (gram) mirror<T>(me, n, job.a, row, <isize>size)
  return true
}
