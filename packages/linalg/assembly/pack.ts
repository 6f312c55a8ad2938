// Between matrices of any strides (bytes, negative ones included) and packed panels.
import { ROWS, width } from './tile'

/** Copies k elements, `step` bytes apart, to every `toStep` bytes of `to`. */
function line<T>(from: usize, step: isize, k: i32, to: usize, toStep: usize): void {
  for (const end = to + <usize>k * toStep; to != end; to += toStep) {
    store<T>(to, load<T>(from))
    from += <usize>step
  }
}

/** The same with zeros. */
function zeros<T>(k: i32, to: usize, toStep: usize): void {
  for (const end = to + <usize>k * toStep; to != end; to += toStep) store<T>(to, 0)
}

/** `line` for four contiguous lines, `row` bytes apart, to four neighbours: squares are transposed in registers. */
function lines4<T>(from: usize, row: usize, k: i32, to: usize, toStep: usize): void {
  const from1 = from + row
  const from2 = from1 + row
  const from3 = from2 + row
  const lanes = 16 / <i32>sizeof<T>()
  const whole = <usize>(k - (k % lanes)) * sizeof<T>()
  for (let at: usize = 0; at != whole; at += 16) {
    const r0 = v128.load(from + at)
    const r1 = v128.load(from1 + at)
    const r2 = v128.load(from2 + at)
    const r3 = v128.load(from3 + at)
    if (sizeof<T>() == 8) {
      v128.store(to, v128.shuffle<f64>(r0, r1, 0, 2))
      v128.store(to, v128.shuffle<f64>(r2, r3, 0, 2), 16)
      to += toStep
      v128.store(to, v128.shuffle<f64>(r0, r1, 1, 3))
      v128.store(to, v128.shuffle<f64>(r2, r3, 1, 3), 16)
    } else {
      const low0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5)
      const low1 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5)
      const high0 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7)
      const high1 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7)
      v128.store(to, v128.shuffle<f64>(low0, low1, 0, 2))
      to += toStep
      v128.store(to, v128.shuffle<f64>(low0, low1, 1, 3))
      to += toStep
      v128.store(to, v128.shuffle<f64>(high0, high1, 0, 2))
      to += toStep
      v128.store(to, v128.shuffle<f64>(high0, high1, 1, 3))
    }
    to += toStep
  }
  for (let r: usize = 0; r < 4; r++) {
    line<T>(from + r * row + whole, <isize>sizeof<T>(), k % lanes, to + r * sizeof<T>(), toStep)
  }
}

/** A panel of A: for each of the k steps the values of ROWS rows, zeros for those beyond `rows`. */
export function packRows<T>(from: usize, row: isize, col: isize, rows: i32, k: i32, to: usize): void {
  const size = <usize>sizeof<T>()
  const step = <usize>ROWS * size
  if (rows >= ROWS && row == <isize>size) {
    for (const end = to + <usize>k * step; to != end; to += step) {
      v128.store(to, v128.load(from))
      if (size == 8) v128.store(to, v128.load(from, 16), 16)
      store<T>(to, load<T>(from, 4 * sizeof<T>()), 4 * sizeof<T>())
      if (ROWS == 6) store<T>(to, load<T>(from, 5 * sizeof<T>()), 5 * sizeof<T>())
      from += <usize>col
    }
    return
  }
  let r = 0
  if (rows >= 4 && col == <isize>size) {
    lines4<T>(from, <usize>row, k, to, step)
    r = 4
    from += <usize>(4 * row)
    to += 4 * size
  }
  for (; r < ROWS; r++) {
    if (r < rows) line<T>(from, col, k, to, step)
    else zeros<T>(k, to, step)
    from += <usize>row
    to += size
  }
}

/** A panel of B: for each of the k steps two vectors of columns, zeros for those beyond `cols`. */
export function packCols<T>(from: usize, row: isize, col: isize, k: i32, cols: i32, to: usize): void {
  const size = <usize>sizeof<T>()
  if (cols >= width<T>() && col == <isize>size) {
    for (const end = to + ((<usize>k) << 5); to != end; to += 32) {
      v128.store(to, v128.load(from))
      v128.store(to, v128.load(from, 16), 16)
      from += <usize>row
    }
    return
  }
  let c = 0
  if (row == <isize>size) {
    for (; c + 4 <= min(cols, width<T>()); c += 4) {
      lines4<T>(from, <usize>col, k, to, 32)
      from += <usize>(4 * col)
      to += 4 * size
    }
  }
  for (; c < width<T>(); c++) {
    if (c < cols) line<T>(from, row, k, to, 32)
    else zeros<T>(k, to, 32)
    from += <usize>col
    to += size
  }
}

/** Writes a panel of B back to k rows of `cols` columns of any strides. */
export function unpackCols<T>(from: usize, k: i32, cols: i32, to: usize, row: isize, col: isize): void {
  const size = <usize>sizeof<T>()
  if (cols >= width<T>() && col == <isize>size) {
    for (const end = from + ((<usize>k) << 5); from != end; from += 32) {
      v128.store(to, v128.load(from))
      v128.store(to, v128.load(from, 16), 16)
      to += <usize>row
    }
    return
  }
  for (let c = 0; c < min(cols, width<T>()); c++) {
    line<T>(from, 32, k, to, <usize>row)
    from += size
    to += <usize>col
  }
}
