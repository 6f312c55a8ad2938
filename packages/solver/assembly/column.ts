import { Group } from './group'
import { int, madd } from './vector'

/** to −= Σ fᵢ·rowᵢ for `count` rows, `row` bytes apart, and as many bytes as are given; the fᵢ come negated. */
export function combine<T>(to: usize, bytes: usize, rows: usize, row: usize, count: i32, factors: usize): void {
  const end = to + bytes
  const last = factors + <usize>count * sizeof<T>()
  for (; to + 128 <= end; to += 128, rows += 128) {
    let c0 = v128.load(to)
    let c1 = v128.load(to, 16)
    let c2 = v128.load(to, 32)
    let c3 = v128.load(to, 48)
    let c4 = v128.load(to, 64)
    let c5 = v128.load(to, 80)
    let c6 = v128.load(to, 96)
    let c7 = v128.load(to, 112)
    let from = rows
    for (let f = factors; f != last; f += sizeof<T>(), from += row) {
      const factor = v128.load_splat<T>(f)
      c0 = madd<T>(factor, v128.load(from), c0)
      c1 = madd<T>(factor, v128.load(from, 16), c1)
      c2 = madd<T>(factor, v128.load(from, 32), c2)
      c3 = madd<T>(factor, v128.load(from, 48), c3)
      c4 = madd<T>(factor, v128.load(from, 64), c4)
      c5 = madd<T>(factor, v128.load(from, 80), c5)
      c6 = madd<T>(factor, v128.load(from, 96), c6)
      c7 = madd<T>(factor, v128.load(from, 112), c7)
    }
    v128.store(to, c0)
    v128.store(to, c1, 16)
    v128.store(to, c2, 32)
    v128.store(to, c3, 48)
    v128.store(to, c4, 64)
    v128.store(to, c5, 80)
    v128.store(to, c6, 96)
    v128.store(to, c7, 112)
  }
  for (; to < end; to += 32, rows += 32) {
    let c0 = v128.load(to)
    let c1 = v128.load(to, 16)
    let from = rows
    for (let f = factors; f != last; f += sizeof<T>(), from += row) {
      const factor = v128.load_splat<T>(f)
      c0 = madd<T>(factor, v128.load(from), c0)
      c1 = madd<T>(factor, v128.load(from, 16), c1)
    }
    v128.store(to, c0)
    v128.store(to, c1, 16)
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
