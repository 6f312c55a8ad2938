import { Group } from './group'
import { fit, invert } from './invert'
import { first, remove } from './remove'
import { findUnits, pad, update } from './update'
import { int, setInt } from './vector'

/** The columns and the weights of group g, and P = (H_SS)⁻¹ on them. */
function start<T>(it: Group, g: i32): void {
  const job = it.job
  const size = sizeof<T>()
  const n = job.n
  let k = 0
  for (let j = 0; j < n; j++) {
    if (job.support != 0 && !load<u8>(job.support + <usize>g * <usize>n + <usize>j)) continue
    setInt(it.ids, k++, j)
  }
  it.k = k
  it.pending = 0
  const weights = job.weights + <usize>g * <usize>job.rows * ((<usize>n) << 3)
  if (job.h != 0) {
    const v = invert<T>(it)
    // the right-hand side of a row, close together, in the place of R, which is of no more use
    for (let r = 0; r < job.rows; r++) {
      const line = weights + <usize>r * ((<usize>n) << 3)
      for (let j = 0; j < k; j++) {
        const id = <usize>int(it.ids, j)
        store<f64>(it.wide + ((<usize>j) << 3), load<f64>(line + (id << 3)))
      }
      fit(it, v, it.wide)
      for (let j = 0; j < k; j++) {
        const id = <usize>int(it.ids, j)
        store<f64>(line + (id << 3), load<f64>(it.wide + ((<usize>j) << 3)))
      }
    }
  } else {
    for (let i = 0; i < n; i++) {
      const from = job.inverse + <usize>i * <usize>n * size
      const to = it.p + <usize>i * it.row
      for (let b: usize = 0; b <= <usize>i * size; b += 16) v128.store(to + b, v128.load(from + b))
    }
  }
  if (job.quota != 0) memory.copy(it.quota, job.quota + ((<usize>g * <usize>job.sets) << 2), (<usize>job.sets) << 2)
  findUnits(it)
  for (let j = 0, unit = -1; j < k; j++) {
    const id = <usize>int(it.ids, j)
    const at = <usize>j * size
    for (let r: usize = 0; r < <usize>job.rows; r++) {
      store<T>(it.w + r * it.row + at, <T>load<f64>(weights + ((r * <usize>n + id) << 3)))
    }
    store<T>(it.floor + at, <T>load<f64>(job.floor + (id << 3)))
    let open = true
    if (job.quota != 0) open = int(it.quota, int(job.set, id)) > 0
    store<T>(it.bar + at, open ? 0 : <T>Infinity)
    if (j == int(it.starts, unit + 1)) unit++
    const from = job.width == 1 ? j : int(it.starts, unit)
    for (let q = from; q <= j; q++) {
      store<T>(it.d + <usize>(q - from) * it.row + at, load<T>(it.p + <usize>j * it.row + <usize>q * size))
    }
  }
  pad<T>(it)
}

/** ExactOBS of group g, to the job's depth or until no column may leave. */
export function solve<T>(it: Group, g: i32): void {
  const job = it.job
  start<T>(it, g)
  const order = job.order + ((<usize>g * <usize>job.units) << 2)
  const losses = job.loss + ((<usize>g * <usize>job.units) << 3)
  memory.fill(order, 0xff, (<usize>job.units) << 2)
  memory.fill(losses, 0, (<usize>job.units) << 3)
  let next = first<T>(it)
  for (let step = 0; step < job.depth && next >= 0; step++) {
    const id = int(it.ids, next)
    setInt(order, step, int(job.unit, id))
    store<f64>(losses + ((<usize>step) << 3), remove<T>(it, next, it.tile))
    next = load<i32>(it.tile)
    // not where there is room for all that are left
    if (next < 0 || it.k <= job.batch || it.pending + job.width <= job.batch) continue
    // where the next column will be
    let before = 0
    for (let i = 0; i < it.pending; i++) if (int(it.gone, i) < next) before++
    next -= before
    update<T>(it)
  }
  const weights = job.weights + <usize>g * <usize>job.rows * ((<usize>job.n) << 3)
  memory.fill(weights, 0, (<usize>job.rows * <usize>job.n) << 3)
  for (let j = 0; j < it.k; j++) {
    const id = <usize>int(it.ids, j)
    for (let r: usize = 0; r < <usize>job.rows; r++) {
      store<f64>(weights + ((r * <usize>job.n + id) << 3), <f64>load<T>(it.w + r * it.row + <usize>j * sizeof<T>()))
    }
  }
}
