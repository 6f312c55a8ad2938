import { Job } from './job'
import { stride } from './vector'

/**
 * A row group at work. The columns that are left keep their order and lie close together; `row` bytes are from row to row
 * of each matrix. P is what it was `pending` removals ago: P now = P − Σ uᵢuᵢᵀ over the rows uᵢ of U.
 */
@unmanaged
export class Group {
  job: Job
  /** Columns in P: those that are left, and the pending ones, whose values in U of later removals and in W are 0. */
  k: i32
  pending: i32
  /** Units that are left or pending. */
  units: i32
  row: usize
  /** P [k, k]: its lower triangle. */
  p: usize
  /** W [rows, k]. */
  w: usize
  /** U [batch, k]. */
  u: usize
  /** The diagonal of P now [k]; or [width, k]: P_{j, s + q} now in row q, where s is the first column of j's unit. */
  d: usize
  /** [k]: 0, or Infinity where the column must not leave. */
  bar: usize
  /** [k]: 1/H_jj */
  floor: usize
  /** i32 [k]: the columns of the layer. */
  ids: usize
  /** i32 [units + 1]: the first column of each unit. */
  starts: usize
  /** i32 [batch]: the pending columns. */
  gone: usize
  /** i32 [sets] */
  quota: usize
  /** i32 [k]: offset in bytes, before the pending columns leave, of a column behind that. */
  moves: usize
  /** How to move them, a vector at a time: see update.ts. */
  plans: usize
  /** U in panels of a tile's columns. */
  panels: usize
  /** Coefficients: [batch], [rows], [width, width]. */
  factors: usize
  shares: usize
  block: usize
  tile: usize
  /** f64 [most, most], twice, for the inverse of H where there are supports. */
  wide: usize
  wideRow: usize
}

/** Reserves bytes at the place that a word names, which then names the place behind them. */
function take(word: usize, bytes: usize): usize {
  const at = load<usize>(word)
  store<usize>(word, (at + bytes + 63) & ~63)
  return at
}

/** Places a group's memory at `at`, and returns the end of it. */
export function place<T>(job: Job, at: usize): usize {
  const it = changetype<Group>(at)
  const end = at + offsetof<Group>()
  store<usize>(end, (end + 127) & ~63)
  const size = sizeof<T>()
  const row = stride<T>(job.most)
  const tall = <usize>(job.most + 8)
  it.job = job
  it.row = row
  it.p = take(end, tall * row)
  it.w = take(end, <usize>job.rows * row)
  it.u = take(end, <usize>job.batch * row)
  it.d = take(end, <usize>job.width * row)
  it.bar = take(end, row)
  it.floor = take(end, row)
  it.ids = take(end, tall * 4)
  it.starts = take(end, tall * 4)
  it.gone = take(end, <usize>job.batch * 4)
  it.quota = take(end, <usize>job.sets * 4)
  it.moves = take(end, tall * 4)
  it.plans = take(end, 48 * (row >> 4))
  it.panels = take(end, <usize>job.batch * row)
  it.factors = take(end, <usize>max(job.batch, job.most) * 8)
  it.shares = take(end, <usize>job.rows * size)
  it.block = take(end, <usize>(job.width + 1) * <usize>job.width * 8)
  it.tile = take(end, 128)
  it.wideRow = stride<f64>(job.most)
  it.wide = take(end, job.h == 0 ? 0 : 2 * tall * it.wideRow)
  return load<usize>(end)
}
