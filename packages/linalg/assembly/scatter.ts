import { deal, draw, Job, Member, meet } from './job'
import { packCols, packRows } from './pack'
import { madd, panels, ROWS, width } from './tile'
import { update, UPPER } from './update'

/** Positions whose products are summed in f32. */
const SLICE: i32 = 256
/** Columns that a member shifts at a time. */
const STRIP: i32 = 64

/** Bytes from row to row of a slice: an odd number of cache lines. */
function sliceRow(job: Job): usize {
  return ((<usize>(job.n << 2) + 63) & ~63) | 64
}
function sliceBytes(job: Job): usize {
  return <usize>SLICE * sliceRow(job)
}
function rowsBytes(job: Job): usize {
  return (<usize>(panels(job.m, ROWS) * ROWS * SLICE)) << 2
}
function colsBytes(job: Job): usize {
  return (<usize>(panels(job.n, width<f32>()) * SLICE)) << 5
}

/** Two sets of slices and of panels. */
export function scatterBytes(job: Job): usize {
  return 2 * (sliceBytes(job) + rowsBytes(job) + colsBytes(job))
}

/**
 * C [m × n], f64, += the first m rows, on and above the diagonal, of Σ vvᵀ over k positions; v = √w(u − s) of n values.
 * A and B, f32 and without gaps, hold the first values of each u and the others. d: the weights w, or 0 where they are 1.
 * e: s. f: f64 [2n], to which Σ√w·v and Σv² are added.
 *
 * Slices of positions go through three stages, each in one phase: shifted to one matrix, packed, multiplied in f32 and
 * added in f64. All three go on at once, on different slices. Each sum is formed in the order of the positions, whatever
 * the number of members.
 */
export function scatter(me: Member): bool {
  const job = me.job
  const k = job.k
  const slices = job.work
  const rows = slices + 2 * sliceBytes(job)
  const cols = rows + 2 * rowsBytes(job)
  let turn: usize = 0
  for (let p = 0; p < k + 2 * SLICE; p += SLICE, turn = 1 - turn) {
    const other = 1 - turn
    if (p < k) shift(me, p, min(SLICE, k - p), slices + turn * sliceBytes(job))
    const packed = p - SLICE
    if (packed >= 0 && packed < k) {
      pack(
        me,
        min(SLICE, k - packed),
        slices + other * sliceBytes(job),
        rows + other * rowsBytes(job),
        cols + other * colsBytes(job),
      )
    }
    const done = packed - SLICE
    if (done >= 0) {
      const depth = min(SLICE, k - done)
      const strideA = (<usize>(ROWS * SLICE)) << 2
      const strideB = (<usize>SLICE) << 5
      const a = rows + turn * rowsBytes(job)
      const b = cols + turn * colsBytes(job)
      update<f32, f64>(me, job.m, job.n, depth, 1, a, strideA, b, strideB, job.c, job.cRow, UPPER)
    }
    if (!meet(me)) return false
  }
  return true
}

/** Packs a slice as panels of A and of B. */
function pack(me: Member, depth: i32, slice: usize, rows: usize, cols: usize): void {
  const job = me.job
  const w = width<f32>()
  const row = <isize>sliceRow(job)
  let counter = deal(me)
  for (let i = draw(counter) * ROWS; i < job.m; i = draw(counter) * ROWS) {
    packRows<f32>(slice + ((<usize>i) << 2), 4, row, job.m - i, depth, rows + ((<usize>(i * SLICE)) << 2))
  }
  counter = deal(me)
  for (let j = draw(counter) * w; j < job.n; j = draw(counter) * w) {
    packCols<f32>(slice + ((<usize>j) << 2), row, 4, depth, job.n - j, cols + ((<usize>(j * SLICE)) << 2))
  }
}

/** Writes √w(u − s) of the positions from p on to a slice, and adds to the sums. */
function shift(me: Member, p: i32, depth: i32, slice: usize): void {
  const job = me.job
  const split = (<i32>job.aRow) >> 2
  const left = panels(split, STRIP)
  const right = panels(job.n - split, STRIP)
  const weights = job.d == 0 ? <usize>0 : job.d + ((<usize>p) << 2)
  const counter = deal(me)
  for (let s = draw(counter); s < left + right; s = draw(counter)) {
    const first = s < left ? s * STRIP : split + (s - left) * STRIP
    const end = min(first + STRIP, s < left ? split : job.n)
    const stride = s < left ? job.aRow : job.bRow
    const column = s < left ? job.a + ((<usize>first) << 2) : job.b + ((<usize>(first - split)) << 2)
    const from = column + <usize>p * <usize>stride
    const sums = job.f + ((<usize>first) << 3)
    const to = slice + ((<usize>first) << 2)
    shiftStrip(
      from,
      <usize>stride,
      depth,
      end - first,
      weights,
      job.e + ((<usize>first) << 2),
      sums,
      job.n,
      to,
      sliceRow(job),
    )
  }
}

/** The upper half of a vector in the lower one. */
function high(v: v128): v128 {
  return v128.shuffle<f64>(v, v, 1, 1)
}

function shiftStrip(
  from: usize,
  fromRow: usize,
  depth: i32,
  cols: i32,
  weights: usize,
  shift: usize,
  sums: usize,
  n: i32,
  to: usize,
  toRow: usize,
): void {
  const squares = sums + ((<usize>n) << 3)
  const vectors = (<usize>(cols & ~3)) << 2
  const all = (<usize>cols) << 2
  for (let p = 0; p < depth; p++) {
    const root = weights == 0 ? 1 : Math.sqrt(<f64>load<f32>(weights + ((<usize>p) << 2)))
    const factor = v128.splat<f64>(root)
    let at: usize = 0
    for (; at < vectors; at += 16) {
      let u = v128.load(from + at)
      const s = v128.load(shift + at)
      if (weights == 0) {
        u = v128.sub<f32>(u, s)
      } else {
        const low = v128.sub<f64>(f64x2.promote_low_f32x4(u), f64x2.promote_low_f32x4(s))
        const top = v128.sub<f64>(f64x2.promote_low_f32x4(high(u)), f64x2.promote_low_f32x4(high(s)))
        const lowered = f32x4.demote_f64x2_zero(v128.mul<f64>(factor, low))
        u = v128.shuffle<f64>(lowered, f32x4.demote_f64x2_zero(v128.mul<f64>(factor, top)), 0, 2)
      }
      v128.store(to + at, u)
      const low = f64x2.promote_low_f32x4(u)
      const top = f64x2.promote_low_f32x4(high(u))
      const sum = sums + (at << 1)
      const square = squares + (at << 1)
      v128.store(sum, madd<f64>(factor, low, v128.load(sum)))
      v128.store(sum, madd<f64>(factor, top, v128.load(sum, 16)), 16)
      v128.store(square, madd<f64>(low, low, v128.load(square)))
      v128.store(square, madd<f64>(top, top, v128.load(square, 16)), 16)
    }
    for (; at < all; at += 4) {
      const u = <f32>(root * (<f64>load<f32>(from + at) - <f64>load<f32>(shift + at)))
      store<f32>(to + at, u)
      const sum = sums + (at << 1)
      const square = squares + (at << 1)
      store<f64>(sum, load<f64>(sum) + root * <f64>u)
      store<f64>(square, load<f64>(square) + <f64>u * <f64>u)
    }
    from += fromRow
    to += toRow
  }
}
