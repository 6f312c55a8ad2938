// An iteration of ADMM whose constraint is a mask, on one V: kept values have Z = V and U = 0, pruned ones Z = 0 and U = V.
import { deal, draw, Job, Member, meet } from './job'
import { packCols, packRows } from './pack'
import { panels, ROWS, width } from './tile'
import { update, WHOLE } from './update'

/** Depth of the panels. */
const DEPTH: i32 = 256

/** Bytes of the panels of A and of B of one depth. */
function rowsBytes(job: Job): usize {
  return (<usize>(panels(job.m, ROWS) * ROWS * min(DEPTH, job.n))) << 2
}
function colsBytes(job: Job): usize {
  return (<usize>(panels(job.n, width<f32>()) * min(DEPTH, job.n))) << 5
}

/** Bytes of all panels of B [n × n]: f. */
export function packedBytes(n: i32): usize {
  return (<usize>(panels(n, DEPTH) * panels(n, width<f32>()) * min(DEPTH, n))) << 5
}

/** f ← B [n × n] as panels, for all iterations. */
export function packAll(me: Member): bool {
  const job = me.job
  const n = job.n
  const w = width<f32>()
  const stride = (<usize>min(DEPTH, n)) << 5
  const across = panels(n, w)
  const counter = deal(me)
  for (let t = draw(counter); t < across * panels(n, DEPTH); t = draw(counter)) {
    const p = (t / across) * DEPTH
    const j = t % across
    const from = job.b + <usize>(<isize>p * job.bRow + <isize>(j * w) * job.bCol)
    const to = job.f + <usize>(t / across) * colsBytes(job) + <usize>j * stride
    packCols<f32>(from, job.bRow, job.bCol, min(DEPTH, n - p), n - j * w, to)
  }
  return true
}

export function iterateBytes(job: Job): usize {
  return <usize>panels(job.n, DEPTH) * rowsBytes(job)
}

/**
 * V ← S + alpha·(±V)·B + P, V [m × n] being C, rows of whole vectors: + where V is kept, − where it is pruned, and P is
 * what of V is pruned. d: −1 where it is, otherwise 0, in rows as those of C. e: S, likewise. f: B from packAll.
 */
export function iterate(me: Member): bool {
  const job = me.job
  const n = job.n
  const size = job.cRow
  const depth = min(DEPTH, n)
  const stride = (<usize>(ROWS * depth)) << 2
  let counter = deal(me)
  for (let i = draw(counter); i < panels(job.m, ROWS); i = draw(counter)) {
    const rows = min(ROWS, job.m - i * ROWS)
    const at = <usize>(<isize>(i * ROWS) * size)
    const bytes = <usize>(<isize>rows * size)
    flip(job.c + at, job.d + at, bytes)
    let to = job.work + <usize>i * stride
    for (let p = 0; p < n; p += DEPTH, to += rowsBytes(job)) {
      packRows<f32>(job.c + at + ((<usize>p) << 2), size, 4, rows, min(DEPTH, n - p), to)
    }
    begin(job.c + at, job.d + at, job.e + at, bytes)
  }
  if (!meet(me)) return false
  let a = job.work
  let b = job.f
  for (let p = 0; p < n; p += DEPTH) {
    const k = min(DEPTH, n - p)
    update<f32, f32>(me, job.m, n, k, <f32>job.alpha, a, stride, b, (<usize>depth) << 5, job.c, size, WHOLE)
    if (!meet(me)) return false
    a += rowsBytes(job)
    b += colsBytes(job)
  }
  return true
}

/** −V where it is pruned. */
function flip(v: usize, pruned: usize, bytes: usize): void {
  const sign = i32x4.splat(<i32>0x80000000)
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(v + at, v128.xor(v128.load(v + at), v128.and(v128.load(pruned + at), sign)))
  }
}

/** S + P from that. */
function begin(v: usize, pruned: usize, s: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    const flipped = v128.and(v128.load(v + at), v128.load(pruned + at))
    v128.store(v + at, v128.sub<f32>(v128.load(s + at), flipped))
  }
}

/** Words for flags [m × n] without gaps: −1 where a flag is 0, 0 where it is not; the words' rows lie `row` bytes apart. */
export function wordsOf(m: i32, n: i32, flags: usize, words: usize, row: usize): void {
  for (; m > 0; m--, words += row) {
    const end = flags + <usize>n
    for (let to = words; flags < end; flags++, to += 4) store<i32>(to, load<u8>(flags) == 0 ? -1 : 0)
  }
}

/** The flags for words. */
export function flagsOf(m: i32, n: i32, words: usize, row: usize, flags: usize): void {
  for (; m > 0; m--, words += row) {
    const end = flags + <usize>n
    for (let from = words; flags < end; flags++, from += 4) store<u8>(flags, <u8>(load<i32>(from) + 1))
  }
}
