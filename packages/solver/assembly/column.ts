import { Group } from './group'
import { int, madd } from './vector'

/**
 * to −= Σ fᵢ·rowᵢ for `count` rows, `row` bytes apart, of which as many bytes as are given count, a
 * multiple of 64; the fᵢ come negated.
 */
export function combine<T>(to: usize, bytes: usize, rows: usize, row: usize, count: i32, factors: usize): void {
  const end = to + bytes
  const last = factors + <usize>count * sizeof<T>()
  for (; to < end; to += 64, rows += 64) {
    let c0 = v128.load(to)
    let c1 = v128.load(to, 16)
    let c2 = v128.load(to, 32)
    let c3 = v128.load(to, 48)
    let from = rows
    let f = factors
    for (; f != last; f += sizeof<T>(), from += row) {
      const factor = v128.load_splat<T>(f)
      c0 = madd<T>(factor, v128.load(from), c0)
      c1 = madd<T>(factor, v128.load(from, 16), c1)
      c2 = madd<T>(factor, v128.load(from, 32), c2)
      c3 = madd<T>(factor, v128.load(from, 48), c3)
    }
    v128.store(to, c0)
    v128.store(to, c1, 16)
    v128.store(to, c2, 32)
    v128.store(to, c3, 48)
  }
}

/** Column j of P now, to the next row of U; exactly 0 where a column is gone. `bytes` are those of k columns, padded. */
export function column<T>(it: Group, j: i32, bytes: usize): usize {
  const size = sizeof<T>()
  const pending = it.pending
  const to = it.u + <usize>pending * it.row
  const at = <usize>j * size
  const line = it.p + <usize>j * it.row
  for (let b: usize = 0; b <= at; b += 16) v128.store(to + b, v128.load(line + b))
  let from = line + at
  const end = to + <usize>it.k * size
  let next = to + at + size
  for (; next < end; next += size) store<T>(next, load<T>((from += it.row)))
  for (; next < to + bytes; next += size) store<T>(next, 0)

  for (let i = 0; i < pending; i++) {
    store<T>(it.factors + <usize>i * size, -load<T>(it.u + <usize>i * it.row + at))
  }
  combine<T>(to, bytes, it.u, it.row, pending, it.factors)
  for (let i = 0; i < pending; i++) store<T>(to + <usize>int(it.gone, i) * size, 0)
  return to
}
