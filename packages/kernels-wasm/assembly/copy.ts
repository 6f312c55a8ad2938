import { Leaf } from '../src/opcodes'

/**
 * y[i…] = x[i…] for any two layouts: an element lies at the sum, over its dimensions, of a byte offset from that
 * dimension's table.
 * +8 X; +12 Y; +16 number of outer dimensions; +20 sizes; +24 tables of X; +28 tables of Y (a pointer per dimension, at a
 * pointer); +32 kind of the innermost loops; +36 their list; +40 whether the parts share these loops (1) or the first outer
 * dimension.
 */
export function copy(command: usize, part: i32): void {
  const parts = load<i32>(command, 4)
  const x = load<u32>(command, 8)
  const y = load<u32>(command, 12)
  if (load<i32>(command, 40) != 0) {
    outer(command, 0, x, y, 0, load<i32>(command, 16) > 0 ? load<i32>(load<u32>(command, 20)) : 1, part, parts)
    return
  }
  // without an outer dimension the first part does it all
  const size = load<i32>(command, 16) > 0 ? load<i32>(load<u32>(command, 20)) : 1
  outer(command, 0, x, y, (size * part) / parts, (size * (part + 1)) / parts, 0, 1)
}

/** Indices first to last of an outer dimension, and those within; of the innermost loops one part. */
function outer(command: usize, dim: i32, x: usize, y: usize, first: i32, last: i32, part: i32, parts: i32): void {
  const rank = load<i32>(command, 16)
  if (dim == rank) {
    if (first < last) innermost(load<i32>(command, 32), load<u32>(command, 36), x, y, part, parts)
    return
  }
  const slot = (<usize>dim) << 2
  const xs = load<u32>(load<u32>(command, 24) + slot)
  const ys = load<u32>(load<u32>(command, 28) + slot)
  const size = dim + 1 < rank ? load<i32>(load<u32>(command, 20) + slot, 4) : 1
  for (let i = (<usize>first) << 2; i < (<usize>last) << 2; i += 4) {
    outer(command, dim + 1, x + load<u32>(xs + i), y + load<u32>(ys + i), 0, size, part, parts)
  }
}

function innermost(kind: i32, list: usize, x: usize, y: usize, part: i32, parts: i32): void {
  const size = load<i32>(list)
  const first = (size * part) / parts
  const last = (size * (part + 1)) / parts
  switch (kind) {
    case Leaf.Turned:
      return turned(list, first, last, x, y, part, parts)
    case Leaf.Runs:
      return runs(load<u32>(list, 4) + <usize>first * 12, load<u32>(list, 4) + <usize>last * 12, x, y)
    default:
      return byTable(kind, load<u32>(list, 4), load<u32>(list, 8), x, y, first, last)
  }
}

/** A run: byte offset in X, in Y, bytes. Its list: their number, a pointer to them. */
function runs(run: usize, end: usize, x: usize, y: usize): void {
  for (; run < end; run += 12) {
    let from = x + load<u32>(run)
    let to = y + load<u32>(run, 4)
    const last = from + load<u32>(run, 8)
    for (; from + 64 <= last; from += 64, to += 64) {
      const a = v128.load(from)
      const b = v128.load(from, 16)
      const c = v128.load(from, 32)
      const d = v128.load(from, 48)
      v128.store(to, a)
      v128.store(to, b, 16)
      v128.store(to, c, 32)
      v128.store(to, d, 48)
    }
    for (; from + 16 <= last; from += 16, to += 16) v128.store(to, v128.load(from))
    for (; from < last; from += 4, to += 4) store<f32>(to, load<f32>(from))
  }
}

/** Elements first to last of one dimension. Its list: their number, a table of X, a table of Y. */
function byTable(kind: i32, xs: usize, ys: usize, x: usize, y: usize, first: i32, last: i32): void {
  let to = y + load<u32>(ys + ((<usize>first) << 2))
  if (kind == Leaf.EverySecond) {
    let from = x + load<u32>(xs + ((<usize>first) << 2))
    // of the last four nothing beyond the last float is read
    for (; first + 4 < last; first += 4, to += 16, from += 32) {
      v128.store(to, i32x4.shuffle(v128.load(from), v128.load(from, 16), 0, 2, 4, 6))
    }
  } else if (kind == Leaf.Gather) {
    for (; first + 4 <= last; first += 4, to += 16) {
      const t = xs + ((<usize>first) << 2)
      let v = v128.load32_zero(x + load<u32>(t))
      v = v128.load32_lane(x + load<u32>(t, 4), v, 1)
      v = v128.load32_lane(x + load<u32>(t, 8), v, 2)
      v = v128.load32_lane(x + load<u32>(t, 12), v, 3)
      v128.store(to, v)
    }
  }
  for (let i = (<usize>first) << 2; i < (<usize>last) << 2; i += 4) {
    store<f32>(y + load<u32>(ys + i), load<f32>(x + load<u32>(xs + i)))
  }
}

/**
 * Dimension a, whose neighbours lie side by side in X, and b, whose neighbours do in Y. The list has for a, then for b:
 * the number of fours and a pointer to them, the number of single indices and a pointer to them. A four of a: byte offset
 * in X of the first, in Y of all; a single one: in X, in Y. Of b likewise, X and Y exchanged.
 * Fours of a from first to last; and of its single indices one part.
 */
function turned(list: usize, first: i32, last: i32, x: usize, y: usize, part: i32, parts: i32): void {
  const fours = load<u32>(list, 4)
  const across = list + 16
  const end = fours + <usize>last * 20
  for (let a = fours + <usize>first * 20; a < end; a += 20) {
    fourAlong(
      across,
      x + load<u32>(a),
      y + load<u32>(a, 4),
      y + load<u32>(a, 8),
      y + load<u32>(a, 12),
      y + load<u32>(a, 16),
    )
  }
  const rest = load<i32>(list, 8)
  const ones = load<u32>(list, 12)
  const lastOne = ones + ((<usize>((rest * (part + 1)) / parts)) << 3)
  for (let a = ones + ((<usize>((rest * part) / parts)) << 3); a < lastOne; a += 8) {
    oneAlong(across, x + load<u32>(a), y + load<u32>(a, 4))
  }
}

/** Four neighbours in X, of all indices of b. */
function fourAlong(across: usize, x: usize, y0: usize, y1: usize, y2: usize, y3: usize): void {
  let b = load<u32>(across, 4)
  const end = b + <usize>load<u32>(across) * 20
  for (; b < end; b += 20) {
    const p = v128.load(x + load<u32>(b, 4))
    const q = v128.load(x + load<u32>(b, 8))
    const r = v128.load(x + load<u32>(b, 12))
    const s = v128.load(x + load<u32>(b, 16))
    const pq = i32x4.shuffle(p, q, 0, 4, 1, 5)
    const rs = i32x4.shuffle(r, s, 0, 4, 1, 5)
    const PQ = i32x4.shuffle(p, q, 2, 6, 3, 7)
    const RS = i32x4.shuffle(r, s, 2, 6, 3, 7)
    const o = load<u32>(b)
    v128.store(y0 + o, i32x4.shuffle(pq, rs, 0, 1, 4, 5))
    v128.store(y1 + o, i32x4.shuffle(pq, rs, 2, 3, 6, 7))
    v128.store(y2 + o, i32x4.shuffle(PQ, RS, 0, 1, 4, 5))
    v128.store(y3 + o, i32x4.shuffle(PQ, RS, 2, 3, 6, 7))
  }
  let one = load<u32>(across, 12)
  const lastOne = one + ((<usize>load<u32>(across, 8)) << 3)
  for (; one < lastOne; one += 8) {
    const o = load<u32>(one)
    const v = v128.load(x + load<u32>(one, 4))
    v128.store32_lane(y0 + o, v, 0)
    v128.store32_lane(y1 + o, v, 1)
    v128.store32_lane(y2 + o, v, 2)
    v128.store32_lane(y3 + o, v, 3)
  }
}

/** One index of a, all of b. */
function oneAlong(across: usize, x: usize, y: usize): void {
  let b = load<u32>(across, 4)
  const end = b + <usize>load<u32>(across) * 20
  for (; b < end; b += 20) {
    let v = v128.load32_zero(x + load<u32>(b, 4))
    v = v128.load32_lane(x + load<u32>(b, 8), v, 1)
    v = v128.load32_lane(x + load<u32>(b, 12), v, 2)
    v = v128.load32_lane(x + load<u32>(b, 16), v, 3)
    v128.store(y + load<u32>(b), v)
  }
  let one = load<u32>(across, 12)
  const lastOne = one + ((<usize>load<u32>(across, 8)) << 3)
  for (; one < lastOne; one += 8) store<f32>(y + load<u32>(one), load<f32>(x + load<u32>(one, 4)))
}
