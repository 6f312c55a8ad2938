import { fma } from './lanes'
import { Eight, Four, Six, Two, vectors } from './vectors'
import { advance, begin, Job, PITCH } from './job'
import { gatherPanel, gatherRows } from './panel'

/** gradient += the product of one row of dy with each of its weights' rows of the panel, summed over a tile. */
function row<V>(panel: usize, offsets: usize, gradient: usize, at: usize, end: usize, dy: usize): void {
  const d0 = v128.load(dy)
  const d1 = v128.load(dy, 16)
  const d2 = vectors<V>() > 2 ? v128.load(dy, 32) : d0
  const d3 = vectors<V>() > 2 ? v128.load(dy, 48) : d0
  const d4 = vectors<V>() > 4 ? v128.load(dy, 64) : d0
  const d5 = vectors<V>() > 4 ? v128.load(dy, 80) : d0
  const d6 = vectors<V>() > 6 ? v128.load(dy, 96) : d0
  const d7 = vectors<V>() > 6 ? v128.load(dy, 112) : d0
  while (at < end) {
    const x = panel + <usize>load<u32>(offsets + at)
    let s = f32x4.mul(d0, v128.load(x))
    let t = f32x4.mul(d1, v128.load(x, 16))
    if (vectors<V>() > 2) {
      s = fma(d2, v128.load(x, 32), s)
      t = fma(d3, v128.load(x, 48), t)
    }
    if (vectors<V>() > 4) {
      s = fma(d4, v128.load(x, 64), s)
      t = fma(d5, v128.load(x, 80), t)
    }
    if (vectors<V>() > 6) {
      s = fma(d6, v128.load(x, 96), s)
      t = fma(d7, v128.load(x, 112), t)
    }
    s = f32x4.add(s, t)
    s = f32x4.add(s, v128.shuffle<f32>(s, s, 2, 3, 0, 1))
    s = f32x4.add(s, v128.shuffle<f32>(s, s, 1, 0, 3, 2))
    store<f32>(gradient + at, load<f32>(gradient + at) + f32x4.extract_lane(s, 0))
    at += 4
  }
}

function tile<V>(job: Job): void {
  gatherPanel(job, vectors<V>())
  let at: usize = 0
  for (let first = 0; first < job.rows; first += 4) {
    const count = min(4, job.rows - first)
    gatherRows(job, first, count, vectors<V>())
    for (let r = 0; r < count; r++) {
      const end = (<usize>load<u32>(job.ends + ((<usize>(first + r)) << 2))) << 2
      row<V>(job.panel, job.offsets, job.gradient, at, end, job.buffer + <usize>r * PITCH)
      at = end
    }
  }
}

/** gradient = for each weight, Σ over the grid of its input times its row of y. */
export function valuesGradient(job: Job): void {
  begin(job)
  if (job.rows > 0) memory.fill(job.gradient, 0, (<usize>load<u32>(job.ends + ((<usize>(job.rows - 1)) << 2))) << 2)
  for (;;) {
    const count = advance(job)
    if (count > 24) tile<Eight>(job)
    else if (count > 16) tile<Six>(job)
    else if (count > 8) tile<Four>(job)
    else if (count > 0) tile<Two>(job)
    else return
  }
}

/** to[i] = values[order[i]] */
export function reorder(values: usize, order: usize, n: i32, to: usize): void {
  const end = to + ((<usize>n) << 2)
  for (; to < end; to += 4) {
    store<f32>(to, load<f32>(values + ((<usize>load<u32>(order)) << 2)))
    order += 4
  }
}

/** to[j] = the sum of column j of a [m × n] matrix. */
export function columnSums(from: usize, m: i32, n: i32, to: usize): void {
  const end = to + ((<usize>n) << 2)
  memory.fill(to, 0, (<usize>n) << 2)
  for (let i = 0; i < m; i++) {
    let at = to
    while (at + 16 <= end) {
      v128.store(at, f32x4.add(v128.load(at), v128.load(from)))
      at += 16
      from += 16
    }
    while (at < end) {
      store<f32>(at, load<f32>(at) + load<f32>(from))
      at += 4
      from += 4
    }
  }
}
