import { column } from './column'
import { Group } from './group'
import { int, lanes, madd, padded, setInt } from './vector'

/**
 * W and the diagonal of P after a removal with u = factor · `line`: w_r −= share_r·u, d −= u². Gives the column of the
 * smallest Σ_r w_r²/d that may leave, the first among equals, or −1.
 */
export function settle<T>(it: Group, line: usize, factor: T, bytes: usize): i32 {
  const rows = it.job.rows
  const scale = v128.splat<T>(factor)
  const d = it.d - line
  const w = it.w - line
  const floor = it.floor - line
  const bar = it.bar - line
  const step = v128.splat<T>(<T>lanes<T>())
  const share = v128.load_splat<T>(it.shares)
  let index = v128.splat<T>(0)
  if (sizeof<T>() == 4) {
    index = v128.replace_lane<f32>(index, 1, 1)
    index = v128.replace_lane<f32>(index, 2, 2)
    index = v128.replace_lane<f32>(index, 3, 3)
  } else index = v128.replace_lane<f64>(index, 1, 1)
  let best = v128.splat<T>(<T>Infinity)
  let where = v128.splat<T>(-1)
  for (const end = line + bytes; line < end; line += 16) {
    const u = v128.mul<T>(scale, v128.load(line))
    v128.store(line, u)
    let left = v128.load(w + line)
    left = v128.sub<T>(left, v128.mul<T>(share, u))
    v128.store(w + line, left)
    let sum = v128.mul<T>(left, left)
    for (let r = 1; r < rows; r++) {
      const at = w + line + <usize>r * it.row
      left = v128.sub<T>(v128.load(at), v128.mul<T>(v128.load_splat<T>(it.shares + <usize>r * sizeof<T>()), u))
      v128.store(at, left)
      sum = madd<T>(left, left, sum)
    }
    const rest = v128.max<T>(v128.sub<T>(v128.load(d + line), v128.mul<T>(u, u)), v128.load(floor + line))
    v128.store(d + line, rest)
    const score = v128.add<T>(v128.div<T>(sum, rest), v128.load(bar + line))
    const less = v128.lt<T>(score, best)
    best = v128.bitselect(score, best, less)
    where = v128.bitselect(index, where, less)
    index = v128.add<T>(index, step)
  }
  v128.store(it.tile, best)
  v128.store(it.tile, where, 16)
  let least = load<T>(it.tile)
  let at = load<T>(it.tile, 16)
  for (let lane: usize = sizeof<T>(); lane < 16; lane += sizeof<T>()) {
    const score = load<T>(it.tile + lane)
    const j = load<T>(it.tile + lane, 16)
    if (score < least || (score == least && j < at)) {
      least = score
      at = j
    }
  }
  return <i32>at
}

/** The same without the diagonal and the choice, where columns leave in units; then the units' own squares of P. */
function settleUnits<T>(it: Group, line: usize, factor: T, bytes: usize): void {
  const size = sizeof<T>()
  const scale = v128.splat<T>(factor)
  for (let b: usize = 0; b < bytes; b += 16) v128.store(line + b, v128.mul<T>(scale, v128.load(line + b)))
  for (let r = 0; r < it.job.rows; r++) {
    const share = v128.load_splat<T>(it.shares + <usize>r * size)
    const w = it.w + <usize>r * it.row
    for (let b: usize = 0; b < bytes; b += 16) {
      v128.store(w + b, v128.sub<T>(v128.load(w + b), v128.mul<T>(share, v128.load(line + b))))
    }
  }
  for (let i = 0; i < it.units; i++) {
    const start = int(it.starts, i)
    const end = int(it.starts, i + 1)
    for (let j = start; j < end; j++) {
      const u = load<T>(line + <usize>j * size)
      for (let q = start; q <= j; q++) {
        const at = it.d + <usize>(q - start) * it.row + <usize>j * size
        store<T>(at, load<T>(at) - u * load<T>(line + <usize>q * size))
      }
    }
  }
}

/** Σ_r w_Bᵀ(P_BB)⁻¹w_B of a unit's columns, by Cholesky. */
function scoreOf<T>(it: Group, start: i32, end: i32): f64 {
  const size = sizeof<T>()
  const c = end - start
  const line = (<usize>c) << 3
  const l = it.block
  for (let i = 0; i < c; i++) {
    const at = <usize>(start + i) * size
    for (let j = 0; j <= i; j++) {
      let sum = <f64>load<T>(it.d + <usize>j * it.row + at)
      for (let q: usize = 0; q < (<usize>j) << 3; q += 8)
        sum -= load<f64>(l + <usize>i * line + q) * load<f64>(l + <usize>j * line + q)
      if (j < i) sum *= load<f64>(l + <usize>j * line + ((<usize>j) << 3))
      // the diagonal is kept inverted; none can be below 1/H_jj
      else sum = 1 / Math.sqrt(max(sum, <f64>load<T>(it.floor + at)))
      store<f64>(l + <usize>i * line + ((<usize>j) << 3), sum)
    }
  }
  const x = l + <usize>c * line
  let score: f64 = 0
  for (let r = 0; r < it.job.rows; r++) {
    const w = it.w + <usize>r * it.row + <usize>start * size
    for (let i = 0; i < c; i++) {
      let sum = <f64>load<T>(w + <usize>i * size)
      for (let q: usize = 0; q < (<usize>i) << 3; q += 8) sum -= load<f64>(l + <usize>i * line + q) * load<f64>(x + q)
      sum *= load<f64>(l + <usize>i * line + ((<usize>i) << 3))
      store<f64>(x + ((<usize>i) << 3), sum)
      score += sum * sum
    }
  }
  return score
}

/** The unit whose removal costs least, the first among equals, or −1. */
function cheapest<T>(it: Group): i32 {
  let best = -1
  let least = Infinity
  for (let i = 0; i < it.units; i++) {
    const start = int(it.starts, i)
    if (load<T>(it.bar + <usize>start * sizeof<T>()) != 0) continue
    const score = scoreOf<T>(it, start, int(it.starts, i + 1))
    if (score >= least) continue
    least = score
    best = start
  }
  return best
}

/** The first choice: before anything is removed. */
export function first<T>(it: Group): i32 {
  if (it.job.width > 1) return cheapest<T>(it)
  const bytes = padded<T>(it.k)
  memory.fill(it.u, 0, bytes)
  memory.fill(it.shares, 0, <usize>it.job.rows * sizeof<T>())
  return settle<T>(it, it.u, 0, bytes)
}

/** A set has lost as many columns as it may: the others stay. They lie side by side around column j. */
function shut<T>(it: Group, j: i32, set: i32, step: i32): void {
  for (let i = j; i >= 0 && i < it.k; i += step) {
    if (int(it.job.set, int(it.ids, i)) != set) return
    store<T>(it.bar + <usize>i * sizeof<T>(), <T>Infinity)
  }
}

/**
 * Removes the unit that starts at column j, one column after the other, which is the same as all at once, and gives its
 * loss Σ w²/P_jj. `next` gets the column where the next unit starts, or −1.
 */
export function remove<T>(it: Group, j: i32, next: usize): f64 {
  const size = sizeof<T>()
  const bytes = padded<T>(it.k)
  const job = it.job
  const units = job.width > 1
  const unit = int(job.unit, int(it.ids, j))
  let loss: f64 = 0
  let best = -1
  for (let c = j; c < it.k; c++) {
    const id = int(it.ids, c)
    if (int(job.unit, id) != unit) break
    const at = <usize>c * size
    const line = column<T>(it, c, bytes)
    const own = units ? max(load<T>(line + at), load<T>(it.floor + at)) : load<T>(it.d + at)
    const factor = <T>1 / <T>Math.sqrt(<f64>own)
    store<T>(line + at, own)
    for (let r = 0; r < job.rows; r++) {
      const share = load<T>(it.w + <usize>r * it.row + at) * factor
      store<T>(it.shares + <usize>r * size, share)
      loss += <f64>share * <f64>share
    }
    store<T>(it.bar + at, <T>Infinity)
    if (job.quota != 0) {
      const set = int(job.set, id)
      const left = int(it.quota, set) - 1
      setInt(it.quota, set, left)
      if (left <= 0) {
        shut<T>(it, c, set, 1)
        shut<T>(it, c, set, -1)
      }
    }
    if (units) settleUnits<T>(it, line, factor, bytes)
    else best = settle<T>(it, line, factor, bytes)
    for (let r = 0; r < job.rows; r++) store<T>(it.w + <usize>r * it.row + at, 0)
    setInt(it.gone, it.pending++, c)
  }
  store<i32>(next, units ? cheapest<T>(it) : best)
  return loss
}
