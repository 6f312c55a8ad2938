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
 * e: s. f: f64 [2n], to which Σ√w·v and, for the values from the m-th on, Σv² are added.
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
  const weights = job.d == 0 ? 0 : job.d + ((<usize>p) << 2)
  const counter = deal(me)
  for (let s = draw(counter); s < left + right; s = draw(counter)) {
    const first = s < left ? s * STRIP : split + (s - left) * STRIP
    const cols = min(STRIP, (s < left ? split : job.n) - first)
    const step = s < left ? job.aRow : job.bRow
    const column = s < left ? job.a + ((<usize>first) << 2) : job.b + ((<usize>(first - split)) << 2)
    const at = job.e + ((<usize>first) << 2)
    const sums = job.f + ((<usize>first) << 3)
    const squares = first < job.m ? 0 : sums + ((<usize>job.n) << 3)
    let from = column + <usize>(<isize>p * step)
    let to = slice + ((<usize>first) << 2)
    for (let q = 0; q < depth; q += 2) {
      // an odd one out is paired with itself, weighing nothing; there is room for what that gives
      const pair = q + 1 < depth
      const root0 = root(weights, q)
      const root1 = pair ? root(weights, q + 1) : 0
      const next = pair ? from + <usize>step : from
      shiftPair(from, next, root0, root1, cols, at, sums, squares, to, to + sliceRow(job))
      from += <usize>(2 * step)
      to += 2 * sliceRow(job)
    }
  }
}

function root(weights: usize, p: i32): f64 {
  return weights == 0 ? 1 : Math.sqrt(<f64>load<f32>(weights + ((<usize>p) << 2)))
}

/** The upper half of a vector in the lower one. */
function high(v: v128): v128 {
  return v128.shuffle<f64>(v, v, 1, 1)
}

/** Two vectors of f64 as one of f32. */
function narrow(low: v128, top: v128): v128 {
  return v128.shuffle<f64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(top), 0, 2)
}

/** Two positions at a time: what is shared by them is read, and the sums are written, once for both. */
function shiftPair(
  from0: usize,
  from1: usize,
  root0: f64,
  root1: f64,
  cols: i32,
  shift: usize,
  sums: usize,
  squares: usize,
  to0: usize,
  to1: usize,
): void {
  const factor0 = v128.splat<f64>(root0)
  const factor1 = v128.splat<f64>(root1)
  const vectors = (<usize>(cols & ~3)) << 2
  const all = (<usize>cols) << 2
  let at: usize = 0
  for (; at < vectors; at += 16) {
    const s = v128.load(shift + at)
    const lowShift = f64x2.promote_low_f32x4(s)
    const topShift = f64x2.promote_low_f32x4(high(s))
    const u0 = v128.load(from0 + at)
    const low0 = v128.mul<f64>(factor0, v128.sub<f64>(f64x2.promote_low_f32x4(u0), lowShift))
    const top0 = v128.mul<f64>(factor0, v128.sub<f64>(f64x2.promote_low_f32x4(high(u0)), topShift))
    v128.store(to0 + at, narrow(low0, top0))
    const u1 = v128.load(from1 + at)
    const low1 = v128.mul<f64>(factor1, v128.sub<f64>(f64x2.promote_low_f32x4(u1), lowShift))
    const top1 = v128.mul<f64>(factor1, v128.sub<f64>(f64x2.promote_low_f32x4(high(u1)), topShift))
    v128.store(to1 + at, narrow(low1, top1))
    const sum = sums + (at << 1)
    v128.store(sum, madd<f64>(factor1, low1, madd<f64>(factor0, low0, v128.load(sum))))
    v128.store(sum, madd<f64>(factor1, top1, madd<f64>(factor0, top0, v128.load(sum, 16))), 16)
    if (squares == 0) continue
    const square = squares + (at << 1)
    v128.store(square, madd<f64>(low1, low1, madd<f64>(low0, low0, v128.load(square))))
    v128.store(square, madd<f64>(top1, top1, madd<f64>(top0, top0, v128.load(square, 16))), 16)
  }
  for (; at < all; at += 4) {
    const s = <f64>load<f32>(shift + at)
    const v0 = root0 * (<f64>load<f32>(from0 + at) - s)
    const v1 = root1 * (<f64>load<f32>(from1 + at) - s)
    store<f32>(to0 + at, <f32>v0)
    store<f32>(to1 + at, <f32>v1)
    const sum = sums + (at << 1)
    store<f64>(sum, load<f64>(sum) + root0 * v0 + root1 * v1)
    if (squares == 0) continue
    const square = squares + (at << 1)
    store<f64>(square, load<f64>(square) + v0 * v0 + v1 * v1)
  }
}
