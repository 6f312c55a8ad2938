// The pending removals are applied to P, and their columns leave it.
import { Group } from './group'
import { ROWS, tile, width } from './tile'
import { fill, int, padded, setInt } from './vector'

/** Moves the values of the columns that stay, of one row, to their new places. */
function close<T>(it: Group, line: usize, k: i32): void {
  for (let j = 0; j < k; j++) {
    const from = line + <usize>int(it.moves, j)
    store<T>(line + <usize>j * sizeof<T>(), load<T>(from))
  }
}

/** How a vector of columns is found among those before: side by side, within two vectors, or anywhere. */
const BESIDE: i32 = 0
const NEAR: i32 = 1
const ANYWHERE: i32 = 2

/** A record of 48 bytes: the offset of the first column, how, and for NEAR the bytes to take from each of two vectors. */
function planMoves<T>(it: Group, k: i32): void {
  const size = <i32>sizeof<T>()
  const lanes = 16 / size
  const end = (k + width<T>() - 1) & -width<T>()
  let plan = it.plans
  for (let j = 0; j < end; j += lanes, plan += 48) {
    // fewer at the end, or none: the rest of the vector does not matter
    const count = min(lanes, max(k - j, 0))
    const first = int(it.moves, j)
    const span = count > 0 ? int(it.moves, j + count - 1) - first : 0
    store<i32>(plan, first)
    store<i32>(plan, span >= 32 ? ANYWHERE : count == lanes && span == 16 - size ? BESIDE : NEAR, 4)
    memory.fill(plan + 16, 0x80, 32)
    for (let lane = 0; lane < count && span < 32; lane++) {
      const from = int(it.moves, j + lane) - first
      const masks = plan + 16 + (from < 16 ? 0 : 16) + <usize>(lane * size)
      for (let byte = 0; byte < size; byte++) store<u8>(masks + <usize>byte, (from & 15) + byte)
    }
  }
}

function pick(from: usize, mask: usize): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(v128.load(from), v128.load(mask))
  return i8x16.swizzle(v128.load(from), v128.load(mask))
}

/** A vector of columns, of the matrix row at `line`; `moves` are the offsets of its columns. */
function moved<T>(line: usize, plan: usize, moves: usize): v128 {
  const from = line + <usize>load<i32>(plan)
  const how = load<i32>(plan, 4)
  if (how == BESIDE) return v128.load(from)
  if (how == NEAR) return v128.or(pick(from, plan + 16), pick(from + 16, plan + 32))
  let v = v128.splat<T>(0)
  if (sizeof<T>() == 4) {
    v = v128.load_lane<f32>(line + <usize>load<i32>(moves), v, 0)
    v = v128.load_lane<f32>(line + <usize>load<i32>(moves, 4), v, 1)
    v = v128.load_lane<f32>(line + <usize>load<i32>(moves, 8), v, 2)
    v = v128.load_lane<f32>(line + <usize>load<i32>(moves, 12), v, 3)
  } else {
    v = v128.load_lane<f64>(line + <usize>load<i32>(moves), v, 0)
    v = v128.load_lane<f64>(line + <usize>load<i32>(moves, 4), v, 1)
  }
  return v
}

/** U without the columns that leave, in panels: for each pending removal the values of a tile's columns. */
function pack<T>(it: Group, k: i32): void {
  const half = <usize>(64 / <i32>sizeof<T>())
  const depth = <usize>it.pending
  for (let i: usize = 0; i < depth; i++) {
    const line = it.u + i * it.row
    let to = it.panels + (i << 5)
    let plan = it.plans
    let moves = it.moves
    for (let j = 0; j < k; j += width<T>(), to += depth << 5, plan += 96, moves += 2 * half) {
      v128.store(to, moved<T>(line, plan, moves))
      v128.store(to, moved<T>(line, plan + 48, moves + half), 16)
    }
  }
}

/**
 * P ← P − UᵀU on the lower triangle, without the columns that leave: a rank-`pending` product in tiles. In place: what is
 * written never lies behind what is still to be read, because rows and columns only move forward. Behind the diagonal P
 * holds whatever comes.
 */
function product<T>(it: Group, k: i32): void {
  const w = width<T>()
  const size = sizeof<T>()
  const half = (<usize>w) << 1
  const depth = it.pending
  const panel = (<usize>depth) << 5
  for (let i = 0; i < k; i += ROWS) {
    const a = it.panels + <usize>(i / w) * panel + <usize>(i % w) * size
    const last = min(ROWS, k - i)
    let b = it.panels
    let plan = it.plans
    let moves = it.moves
    let to = it.p + <usize>i * it.row
    for (let j = 0; j < min(i + ROWS, k); j += w, b += panel, plan += 96, moves += 2 * half, to += 32) {
      tile<T>(depth, a, b, 32, it.tile)
      let line = to
      let sums = it.tile
      for (let r = 0; r < last; r++, line += it.row, sums += 32) {
        const from = it.p + <usize>(int(it.moves, i + r) / <i32>size) * it.row
        const c0 = moved<T>(from, plan, moves)
        const c1 = moved<T>(from, plan + 48, moves + half)
        v128.store(line, v128.sub<T>(c0, v128.load(sums)))
        v128.store(line, v128.sub<T>(c1, v128.load(sums, 16)), 16)
      }
    }
  }
}

/** Values behind the last column, which take part in vectors and must not be chosen. */
export function pad<T>(it: Group): void {
  const from = <usize>it.k * sizeof<T>()
  const end = padded<T>(it.k)
  for (let r = 0; r < it.job.rows; r++) {
    const line = it.w + <usize>r * it.row
    fill<T>(line + from, line + end, 0)
  }
  fill<T>(it.d + from, it.d + end, 1)
  fill<T>(it.floor + from, it.floor + end, 1)
  fill<T>(it.bar + from, it.bar + end, <T>Infinity)
}

/** The first column of each unit, from the columns that there are. */
export function findUnits(it: Group): void {
  let units = 0
  let before = -1
  for (let j = 0; j < it.k; j++) {
    const unit = int(it.job.unit, int(it.ids, j))
    if (unit != before) setInt(it.starts, units++, j)
    before = unit
  }
  setInt(it.starts, units, it.k)
  it.units = units
}

/** Applies what is pending. */
export function update<T>(it: Group): void {
  const size = <i32>sizeof<T>()
  for (let i = 0; i < it.pending; i++) setInt(it.ids, int(it.gone, i), -1)
  let k = 0
  for (let j = 0; j < it.k; j++) {
    const id = int(it.ids, j)
    if (id < 0) continue
    setInt(it.ids, k, id)
    setInt(it.moves, k++, j * size)
  }
  // a vector beyond the last column takes whatever there is
  for (let j = k; j < k + 8; j++) setInt(it.moves, j, 0)
  planMoves<T>(it, k)
  pack<T>(it, k)
  product<T>(it, k)
  for (let r = 0; r < it.job.rows; r++) close<T>(it, it.w + <usize>r * it.row, k)
  for (let q = 0; q < it.job.width; q++) close<T>(it, it.d + <usize>q * it.row, k)
  close<T>(it, it.floor, k)
  close<T>(it, it.bar, k)
  it.k = k
  it.pending = 0
  pad<T>(it)
  if (it.job.width > 1) findUnits(it)
}
