// Masks whose values are not decided one by one: words of −1 where a value is pruned, 0 where it is kept. The rows of all
// matrices are of whole cache lines.
import { deal, draw, Job, Member } from './job'

/** Rows that a member looks at at a time. */
const ROWS: i32 = 8

/**
 * d of C [m × n]: of each `k` consecutive values of a row all go but the `flags` largest magnitudes, of `t` left over at its
 * end but ⌈t·flags/k⌉. Where e, unless it is 0, has −1 a value is gone already. f, u8 [n] unless it is 0: values that go
 * before all others have 1. Of equals the first ones go.
 */
export function groups(me: Member): bool {
  const job = me.job
  const counter = deal(me)
  for (let i = draw(counter) * ROWS; i < job.m; i = draw(counter) * ROWS) {
    for (let r = i; r < min(i + ROWS, job.m); r++) {
      for (let j = 0; j < job.n; j += job.k) {
        const width = min(job.k, job.n - j)
        const at = <usize>(<isize>r * job.cRow) + ((<usize>j) << 2)
        const gone = job.e == 0 ? 0 : job.e + at
        const first = job.f == 0 ? 0 : job.f + <usize>j
        group(job.c + at, job.d + at, gone, first, width, (width * job.flags + job.k - 1) / job.k)
      }
    }
  }
  return true
}

function group(c: usize, d: usize, gone: usize, first: usize, width: i32, kept: i32): void {
  let surplus = -kept
  for (let j = 0; j < width; j++) {
    const word = gone == 0 ? 0 : load<i32>(gone + ((<usize>j) << 2))
    store<i32>(d + ((<usize>j) << 2), word)
    surplus += 1 + word
  }
  for (; surplus > 0; surplus--) {
    let least = -1
    let smallest = 0
    for (let j = 0; j < width; j++) {
      const at = (<usize>j) << 2
      if (load<i32>(d + at) != 0) continue
      let key = load<i32>(c + at) & 0x7fffffff
      // below all that are not first
      if (first != 0 && load<u8>(first + <usize>j) != 0) key |= <i32>0x80000000
      if (least >= 0 && key >= smallest) continue
      least = j
      smallest = key
    }
    store<i32>(d + ((<usize>least) << 2), -1)
  }
}

/**
 * A ← Σv² over blocks of `k` rows and `flags` columns of C [m × n], smaller ones at its edges. Where e, unless it is 0, has
 * −1 a value does not count.
 */
export function blockSums(me: Member): bool {
  const job = me.job
  const counter = deal(me)
  for (let u = draw(counter); u * job.k < job.m; u = draw(counter)) {
    const sums = job.a + <usize>(<isize>u * job.aRow)
    memory.fill(sums, 0, <usize>job.aRow)
    for (let r = u * job.k; r < min((u + 1) * job.k, job.m); r++) {
      const at = <usize>(<isize>r * job.cRow)
      const gone = job.e == 0 ? 0 : job.e + at
      if (job.flags == 1) addSquares(job.c + at, gone, <usize>job.cRow, sums)
      else addSquaresOf(job.c + at, gone, job.n, job.flags, sums)
    }
  }
  return true
}

function addSquares(c: usize, gone: usize, bytes: usize, sums: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    let v = v128.load(c + at)
    if (gone != 0) v = v128.andnot(v, v128.load(gone + at))
    v128.store(sums + at, v128.add<f32>(v128.load(sums + at), v128.mul<f32>(v, v)))
  }
}

function addSquaresOf(c: usize, gone: usize, n: i32, width: i32, sums: usize): void {
  for (let j = 0; j < n; sums += 4) {
    let sum = load<f32>(sums)
    for (const end = min(j + width, n); j < end; j++) {
      const at = (<usize>j) << 2
      const v = load<f32>(c + at)
      if (gone == 0 || load<i32>(gone + at) == 0) sum += v * v
    }
    store<f32>(sums, sum)
  }
}

/** d of C [m × n]: −1 in the blocks that have it in A, and where e, unless it is 0, has it. */
export function spread(me: Member): bool {
  const job = me.job
  const counter = deal(me)
  for (let u = draw(counter); u * job.k < job.m; u = draw(counter)) {
    const words = job.a + <usize>(<isize>u * job.aRow)
    for (let r = u * job.k; r < min((u + 1) * job.k, job.m); r++) {
      const at = <usize>(<isize>r * job.cRow)
      if (job.flags == 1) memory.copy(job.d + at, words, <usize>job.cRow)
      else spreadRow(words, job.n, job.flags, job.d + at)
      if (job.e != 0) join(job.d + at, job.e + at, <usize>job.cRow)
    }
  }
  return true
}

function spreadRow(words: usize, n: i32, width: i32, d: usize): void {
  for (let j = 0; j < n; words += 4) {
    const word = load<i32>(words)
    for (const end = min(j + width, n); j < end; j++) store<i32>(d + ((<usize>j) << 2), word)
  }
}

function join(d: usize, e: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) v128.store(d + at, v128.or(v128.load(d + at), v128.load(e + at)))
}
