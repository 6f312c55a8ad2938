// The smallest magnitudes of a matrix, by counting: without their signs, numbers have the order of their bits.
import { deal, draw, Job, Member, meet } from './job'

/** Bits that are counted at a time, from the highest on: 31 in all. */
const FIRST: i32 = 12
const SECOND: i32 = 10
const THIRD: i32 = 9
/** Rows that a member looks at at a time. */
const ROWS: i32 = 8
/** Bytes of the counts of a member. */
const COUNTS: usize = 4 << FIRST
/** Before them: the bits of the wanted one that are known, its rank among those that share them, and how many these are. */
const FOUND: usize = 64

/** For any number of members, up to 64. */
export function smallestBytes(threads: i32): usize {
  return FOUND + <usize>threads * COUNTS
}

/**
 * d ← −1 for the k smallest |c| of C [m × n], and wherever e, unless it is 0, has −1; otherwise 0. Those where e has −1 are
 * not among the k. Of equals the first ones are taken. C, d and e have the same rows, of whole cache lines.
 */
export function smallest(me: Member): bool {
  const job = me.job
  const found = job.work
  if (me.id == 0) {
    store<i32>(found, 0)
    store<i32>(found, max(0, job.k), 4)
  }
  if (!narrow(me, SECOND + THIRD, FIRST)) return false
  if (!narrow(me, THIRD, SECOND)) return false
  if (!narrow(me, 0, THIRD)) return false
  const rank = load<i32>(found, 4)
  const whole = rank == load<i32>(found, 8)
  const limit = job.k <= 0 ? 0 : load<i32>(found) + (whole ? 1 : 0)
  mark(me, limit)
  if (whole || job.k <= 0) return true
  if (!meet(me)) return false
  if (me.id == 0) markFirst(job, limit, rank)
  return true
}

/** |c| as an integer; the largest there is where e, unless it is 0, has −1. */
function keys(c: usize, e: usize): v128 {
  let key = v128.load(c)
  if (e != 0) key = v128.or(key, v128.load(e))
  return v128.and(key, i32x4.splat(0x7fffffff))
}
function keyOf(c: usize, e: usize): i32 {
  const key = load<i32>(c)
  return (e != 0 ? key | load<i32>(e) : key) & 0x7fffffff
}

/** Of those whose bits above `shift + bits` are known, which `bits` bits the one of the wanted rank has next. */
function narrow(me: Member, shift: i32, bits: i32): bool {
  const job = me.job
  const found = job.work
  const all = found + FOUND
  const mine = all + <usize>me.id * COUNTS
  const buckets = 1 << bits
  memory.fill(mine, 0, (<usize>buckets) << 2)
  if (!meet(me)) return false
  const known = load<i32>(found)
  const counter = deal(me)
  for (let i = draw(counter) * ROWS; i < job.m; i = draw(counter) * ROWS) {
    for (let r = i; r < min(i + ROWS, job.m); r++) {
      const row = <usize>(<isize>r * job.cRow)
      const e = job.e == 0 ? 0 : job.e + row
      if (bits == FIRST) countAll(job.c + row, e, job.n, mine, shift)
      else countSome(job.c + row, e, job.n, mine, shift, bits, known)
    }
  }
  if (!meet(me)) return false
  if (me.id == 0) {
    let rank = load<i32>(found, 4)
    let bucket = 0
    let count = total(all, me.count, 0)
    while (rank > count && bucket < buckets - 1) {
      rank -= count
      count = total(all, me.count, ++bucket)
    }
    store<i32>(found, (known << bits) | bucket)
    store<i32>(found, min(rank, count), 4)
    store<i32>(found, count, 8)
  }
  return meet(me)
}

function total(counts: usize, members: i32, bucket: i32): i32 {
  let sum = 0
  for (let id = 0; id < members; id++) sum += load<i32>(counts + <usize>id * COUNTS + ((<usize>bucket) << 2))
  return sum
}

/** One more at an address. */
function bump(at: usize): void {
  store<i32>(at, load<i32>(at) + 1)
}

/** Counts a row of n, all of it. */
function countAll(c: usize, e: usize, n: i32, counts: usize, shift: i32): void {
  const step: usize = e == 0 ? 0 : 16
  // the offset of a count, not its index
  const whole = i32x4.splat(~3)
  const end = c + ((<usize>(n & ~3)) << 2)
  for (; c < end; c += 16, e += step) {
    const at = v128.and(i32x4.shr_u(keys(c, e), shift - 2), whole)
    bump(counts + <usize>i32x4.extract_lane(at, 0))
    bump(counts + <usize>i32x4.extract_lane(at, 1))
    bump(counts + <usize>i32x4.extract_lane(at, 2))
    bump(counts + <usize>i32x4.extract_lane(at, 3))
  }
  for (let i: usize = 0; i < (<usize>(n & 3)) << 2; i += 4) {
    bump(counts + ((<usize>(keyOf(c + i, e == 0 ? 0 : e + i) >>> shift)) << 2))
  }
}

/** Whether the bits of a vector of keys above `shift` are the wanted ones. */
function alike(c: usize, e: usize, shift: i32, wanted: v128): v128 {
  return i32x4.eq(i32x4.shr_u(keys(c, e), shift), wanted)
}

/** Few share the bits that are known: most cache lines are passed over. What is beyond a row fills its last one. */
function countSome(c: usize, e: usize, n: i32, counts: usize, shift: i32, bits: i32, known: i32): void {
  const next: usize = e == 0 ? 0 : 16
  const above = shift + bits
  const wanted = i32x4.splat(known)
  const below = (1 << bits) - 1
  for (let left = n; left > 0; left -= 16, c += 64, e += 4 * next) {
    const some = v128.or(
      v128.or(alike(c, e, above, wanted), alike(c + 16, e + next, above, wanted)),
      v128.or(alike(c + 32, e + 2 * next, above, wanted), alike(c + 48, e + 3 * next, above, wanted)),
    )
    if (!v128.any_true(some)) continue
    for (let i: usize = 0; i < (<usize>min(16, left)) << 2; i += 4) {
      const key = keyOf(c + i, e == 0 ? 0 : e + i)
      if (key >>> above == known) bump(counts + ((<usize>((key >>> shift) & below)) << 2))
    }
  }
}

/** d for all that are below the limit. */
function mark(me: Member, limit: i32): void {
  const job = me.job
  const above = i32x4.splat(limit)
  const counter = deal(me)
  for (let i = draw(counter) * ROWS; i < job.m; i = draw(counter) * ROWS) {
    const row = <usize>(<isize>i * job.cRow)
    const bytes = <usize>(<isize>min(ROWS, job.m - i) * job.cRow)
    const c = job.c + row
    const d = job.d + row
    const e = job.e == 0 ? 0 : job.e + row
    for (let at: usize = 0; at < bytes; at += 16) {
      let chosen = i32x4.lt_s(keys(c + at, e == 0 ? 0 : e + at), above)
      if (e != 0) chosen = v128.or(chosen, v128.load(e + at))
      v128.store(d + at, chosen)
    }
  }
}

/** d for the first `rank` of those that are at the limit. */
function markFirst(job: Job, limit: i32, rank: i32): void {
  const wanted = i32x4.splat(limit)
  for (let i = 0; i < job.m; i++) {
    const row = <usize>(<isize>i * job.cRow)
    for (let j = 0; j < job.n; j += 4) {
      const at = row + ((<usize>j) << 2)
      const e = job.e == 0 ? 0 : job.e + at
      if (!v128.any_true(i32x4.eq(keys(job.c + at, e), wanted))) continue
      for (let q: usize = 0; q < (<usize>min(4, job.n - j)) << 2; q += 4) {
        if (keyOf(job.c + at + q, e == 0 ? 0 : e + q) != limit) continue
        if (rank-- == 0) return
        store<i32>(job.d + at + q, -1)
      }
    }
  }
}
