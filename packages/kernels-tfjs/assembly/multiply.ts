import { fma } from './lanes'
import { Eight, Four, Six, Two, vectors } from './vectors'
import { advance, begin, Job, PITCH } from './job'
import { gatherPanel, scatterRows } from './panel'

/**
 * One row of y over V vectors of positions; the sums go to `to`. `never` is 0:
 * the branch on it ends a basic block, because V8 hoists the loads of a block and would run out of registers.
 */
function row<V>(
  panel: usize,
  offsets: usize,
  values: usize,
  at: usize,
  end: usize,
  start: v128,
  to: usize,
  never: usize,
): void {
  let s0 = start
  let s1 = start
  let s2 = start
  let s3 = start
  let s4 = start
  let s5 = start
  let s6 = start
  let s7 = start
  while (at < end) {
    const x = panel + <usize>load<u32>(offsets + at)
    const w = v128.load32_splat(values + at)
    s0 = fma(w, v128.load(x), s0)
    s1 = fma(w, v128.load(x, 16), s1)
    if (vectors<V>() > 2) {
      s2 = fma(w, v128.load(x, 32), s2)
      s3 = fma(w, v128.load(x, 48), s3)
    }
    if (vectors<V>() == 8) {
      if (never) {
        v128.store(never, s0)
        v128.store(never, s1)
        v128.store(never, s2)
        v128.store(never, s3)
      }
    }
    if (vectors<V>() > 4) {
      s4 = fma(w, v128.load(x, 64), s4)
      s5 = fma(w, v128.load(x, 80), s5)
    }
    if (vectors<V>() > 6) {
      s6 = fma(w, v128.load(x, 96), s6)
      s7 = fma(w, v128.load(x, 112), s7)
    }
    at += 4
  }
  v128.store(to, s0)
  v128.store(to, s1, 16)
  if (vectors<V>() > 2) {
    v128.store(to, s2, 32)
    v128.store(to, s3, 48)
  }
  if (vectors<V>() > 4) {
    v128.store(to, s4, 64)
    v128.store(to, s5, 80)
  }
  if (vectors<V>() > 6) {
    v128.store(to, s6, 96)
    v128.store(to, s7, 112)
  }
}

function tile<V>(job: Job, never: usize): void {
  gatherPanel(job, vectors<V>())
  let at: usize = 0
  for (let first = 0; first < job.rows; first += 4) {
    const count = min(4, job.rows - first)
    for (let r = 0; r < count; r++) {
      const place = (<usize>(first + r)) << 2
      const end = (<usize>load<u32>(job.ends + place)) << 2
      const start = job.bias ? v128.load32_splat(job.bias + place) : f32x4.splat(0)
      row<V>(job.panel, job.offsets, job.values, at, end, start, job.buffer + <usize>r * PITCH, never)
      at = end
    }
    scatterRows(job, first, count, vectors<V>())
  }
}

/** y = bias + W·x at every position of the grid. `never` is 0. */
export function multiply(job: Job, never: usize): void {
  begin(job)
  for (;;) {
    const count = advance(job)
    if (count > 24) tile<Eight>(job, never)
    else if (count > 16) tile<Six>(job, never)
    else if (count > 8) tile<Four>(job, never)
    else if (count > 0) tile<Two>(job, never)
    else return
  }
}
