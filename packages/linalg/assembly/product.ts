import { Job, meet } from './job'
import { mirror } from './mirror'
import { packCols, packRows } from './pack'
import { panels, ROWS, width } from './tile'
import { update, UPPER, WHOLE } from './update'

/** Depth of the panels: one of A and one of B stay in the first-level cache. */
const DEPTH: i32 = 256

export function productBytes<T>(job: Job): usize {
  const steps = <usize>min(DEPTH, job.k) * sizeof<T>()
  return (<usize>(panels(job.m, ROWS) * ROWS) + <usize>(panels(job.n, width<T>()) * width<T>())) * steps
}

/**
 * C [m × n] += alpha·A·B, C's columns contiguous. With flag 1 C is symmetric: its upper triangle is computed and mirrored.
 * Blocks of DEPTH are added one after another, whatever the number of members: it never changes a bit.
 */
export function product<T>(job: Job, id: i32, count: i32): bool {
  const size = <usize>sizeof<T>()
  const w = width<T>()
  const steps = <usize>min(DEPTH, job.k)
  const strideA = steps * <usize>ROWS * size
  const strideB = steps * 32
  const left = job.work
  const right = left + <usize>panels(job.m, ROWS) * strideA
  for (let p = 0; p < job.k; p += DEPTH) {
    const depth = min(DEPTH, job.k - p)
    const a = job.a + <usize>(<isize>p * job.aCol)
    const b = job.b + <usize>(<isize>p * job.bRow)
    for (let i = id; i < panels(job.m, ROWS); i += count) {
      const from = a + <usize>(<isize>(i * ROWS) * job.aRow)
      packRows<T>(from, job.aRow, job.aCol, job.m - i * ROWS, depth, left + <usize>i * strideA)
    }
    for (let j = id; j < panels(job.n, w); j += count) {
      const from = b + <usize>(<isize>(j * w) * job.bCol)
      packCols<T>(from, job.bRow, job.bCol, depth, job.n - j * w, right + <usize>j * strideB)
    }
    if (!meet(job, id, count)) return false
    update<T>(
      job.m,
      job.n,
      depth,
      <T>job.alpha,
      left,
      strideA,
      right,
      strideB,
      job.c,
      job.cRow,
      job.flags & 1 ? UPPER : WHOLE,
      job.scratch,
      id,
      count,
    )
    if (!meet(job, id, count)) return false
  }
  if (job.flags & 1) mirror<T>(job.n, job.c, job.cRow, <isize>size, id, count)
  return true
}
