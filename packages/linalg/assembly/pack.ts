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
  for (let r = 0; r < ROWS; r++) {
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
  for (let c = 0; c < width<T>(); c++) {
    if (c < cols) line<T>(from, row, k, to, 32)
    else zeros<T>(k, to, 32)
    from += <usize>col
    to += size
  }
}

/** Writes a panel of B back: k rows of `cols` columns, contiguous in a row. */
export function unpackCols<T>(from: usize, k: i32, cols: i32, to: usize, row: isize): void {
  const full = cols >= width<T>()
  for (const end = from + ((<usize>k) << 5); from != end; from += 32) {
    if (full) {
      v128.store(to, v128.load(from))
      v128.store(to, v128.load(from, 16), 16)
    } else memory.copy(to, from, <usize>cols * sizeof<T>())
    to += <usize>row
  }
}
