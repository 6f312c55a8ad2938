import { deal, draw, Job, Member, meet } from './job'
import { mirror } from './mirror'
import { packCols, packRows } from './pack'
import { panels, ROWS, width } from './tile'
import { update, UPPER, WHOLE } from './update'

/** Depth of the panels: one of A and one of B stay in the first-level cache. */
const DEPTH: i32 = 256

/** Bytes from panel to panel of A and of B. */
function rowsStride<T>(job: Job): usize {
  return <usize>min(DEPTH, job.k) * <usize>ROWS * sizeof<T>()
}
function colsStride<T>(job: Job): usize {
  return <usize>min(DEPTH, job.k) * 32
}

/** Bytes of all panels of a depth. */
function rowsBytes<T>(job: Job): usize {
  return <usize>panels(job.m, ROWS) * rowsStride<T>(job)
}
function colsBytes<T>(job: Job): usize {
  return <usize>panels(job.n, width<T>()) * colsStride<T>(job)
}

/** Two sets of panels. */
export function productBytes<T>(job: Job): usize {
  return 2 * (rowsBytes<T>(job) + colsBytes<T>(job))
}

/**
 * C [m × n] += alpha·A·B, C's columns contiguous. With flag 1 C is symmetric: its upper triangle is computed and mirrored.
 * While one depth is added the next is packed. Depths are added one after another, whatever the number of members: it never
 * changes a bit.
 */
export function product<T>(me: Member): bool {
  const job = me.job
  const shape = job.flags & 1 ? UPPER : WHOLE
  const rows = job.work
  const cols = rows + 2 * rowsBytes<T>(job)
  let set: usize = 0
  for (let p = 0; p < job.k + DEPTH; p += DEPTH, set = 1 - set) {
    if (p < job.k) pack<T>(me, p, rows + set * rowsBytes<T>(job), cols + set * colsBytes<T>(job))
    if (p > 0) {
      const a = rows + (1 - set) * rowsBytes<T>(job)
      const b = cols + (1 - set) * colsBytes<T>(job)
      const depth = min(DEPTH, job.k - p + DEPTH)
      const strideA = rowsStride<T>(job)
      const strideB = colsStride<T>(job)
      update<T, T>(me, job.m, job.n, depth, <T>job.alpha, a, strideA, b, strideB, job.c, job.cRow, shape)
    }
    if (!meet(me)) return false
  }
  if (shape == UPPER) mirror<T>(me, job.n, job.c, job.cRow, <isize>sizeof<T>())
  return true
}

/** Packs the panels of A and B from step p on. */
function pack<T>(me: Member, p: i32, rows: usize, cols: usize): void {
  const job = me.job
  const w = width<T>()
  const depth = min(DEPTH, job.k - p)
  const a = job.a + <usize>(<isize>p * job.aCol)
  const b = job.b + <usize>(<isize>p * job.bRow)
  let counter = deal(me)
  for (let i = draw(counter); i < panels(job.m, ROWS); i = draw(counter)) {
    const from = a + <usize>(<isize>(i * ROWS) * job.aRow)
    packRows<T>(from, job.aRow, job.aCol, job.m - i * ROWS, depth, rows + <usize>i * rowsStride<T>(job))
  }
  counter = deal(me)
  for (let j = draw(counter); j < panels(job.n, w); j = draw(counter)) {
    const from = b + <usize>(<isize>(j * w) * job.bCol)
    packCols<T>(from, job.bRow, job.bCol, depth, job.n - j * w, cols + <usize>j * colsStride<T>(job))
  }
}
