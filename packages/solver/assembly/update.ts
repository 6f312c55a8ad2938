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

/** U without the columns that leave, in panels: for each pending removal the values of a tile's columns. */
function pack<T>(it: Group, k: i32): void {
  const w = width<T>()
  const depth = it.pending
  for (let i = 0; i < depth; i++) {
    const line = it.u + <usize>i * it.row
    close<T>(it, line, k)
    fill<T>(line + <usize>k * sizeof<T>(), line + padded<T>(k), 0)
    let to = it.panels + ((<usize>i) << 5)
    for (let j = 0; j < k; j += w, to += (<usize>depth) << 5) {
      const from = line + <usize>j * sizeof<T>()
      v128.store(to, v128.load(from))
      v128.store(to, v128.load(from, 16), 16)
    }
  }
}

/** The values of P in a row that a tile's columns come from: side by side, or not. */
function gather<T>(line: usize, moves: usize, half: usize): v128 {
  let v = v128.splat<T>(0)
  if (sizeof<T>() == 4) {
    v = v128.load_lane<f32>(line + <usize>load<i32>(moves + half), v, 0)
    v = v128.load_lane<f32>(line + <usize>load<i32>(moves + half, 4), v, 1)
    v = v128.load_lane<f32>(line + <usize>load<i32>(moves + half, 8), v, 2)
    v = v128.load_lane<f32>(line + <usize>load<i32>(moves + half, 12), v, 3)
  } else {
    v = v128.load_lane<f64>(line + <usize>load<i32>(moves + half), v, 0)
    v = v128.load_lane<f64>(line + <usize>load<i32>(moves + half, 4), v, 1)
  }
  return v
}

/**
 * P ← P − UᵀU on the lower triangle, without the columns that leave: a rank-`pending` product in tiles. In place: what is
 * written never lies behind what is still to be read, because rows and columns only move forward.
 */
function product<T>(it: Group, k: i32): void {
  const w = width<T>()
  const size = sizeof<T>()
  const depth = it.pending
  const panel = (<usize>depth) << 5
  for (let i = 0; i < k; i += ROWS) {
    const a = it.panels + <usize>(i / w) * panel + <usize>(i % w) * size
    let b = it.panels
    for (let j = 0; j < min(i + ROWS, k); j += w, b += panel) {
      tile<T>(depth, a, b, 32, it.tile)
      const moves = it.moves + ((<usize>j) << 2)
      const first = <usize>load<i32>(moves)
      const whole = load<i32>(moves + ((<usize>w) << 2) - 4) - <i32>first == 32 - <i32>size
      const last = min(ROWS, k - i)
      for (let r = 0; r < last; r++) {
        const from = it.p + <usize>(int(it.moves, i + r) / <i32>size) * it.row
        const to = it.p + <usize>(i + r) * it.row + <usize>j * size
        const sums = it.tile + ((<usize>r) << 5)
        let c0: v128
        let c1: v128
        if (whole) {
          c0 = v128.load(from + first)
          c1 = v128.load(from + first, 16)
        } else {
          c0 = gather<T>(from, moves, 0)
          c1 = gather<T>(from, moves, (<usize>w) << 1)
        }
        v128.store(to, v128.sub<T>(c0, v128.load(sums)))
        v128.store(to, v128.sub<T>(c1, v128.load(sums, 16)), 16)
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
  for (let j = k; j < k + 8; j++) setInt(it.moves, j, 0)
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
