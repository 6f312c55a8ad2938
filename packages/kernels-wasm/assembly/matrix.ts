import { Unary } from '../src/opcodes'
import { activate } from './activate'
import * as stream from './generated/stream'

/** A segment's last partial sums: the activation follows. */
const LAST = 4

/** One row, a tile of up to 10 vectors. */
function single(
  v: i32,
  t: usize,
  a: i32,
  b: i32,
  x: usize,
  y: usize,
  s: usize,
  bias: usize,
  z: usize,
  f: i32,
  n: usize,
): void {
  switch (v) {
    case 1:
      return stream.rows1x1(t, a, b, x, y, s, bias, z, f, n)
    case 2:
      return stream.rows1x2(t, a, b, x, y, s, bias, z, f, n)
    case 3:
      return stream.rows1x3(t, a, b, x, y, s, bias, z, f, n)
    case 4:
      return stream.rows1x4(t, a, b, x, y, s, bias, z, f, n)
    case 5:
      return stream.rows1x5(t, a, b, x, y, s, bias, z, f, n)
    case 6:
      return stream.rows1x6(t, a, b, x, y, s, bias, z, f, n)
    case 7:
      return stream.rows1x7(t, a, b, x, y, s, bias, z, f, n)
    case 8:
      return stream.rows1x8(t, a, b, x, y, s, bias, z, f, n)
    case 9:
      return stream.rows1x9(t, a, b, x, y, s, bias, z, f, n)
    default:
      return stream.rows1x10(t, a, b, x, y, s, bias, z, f, n)
  }
}

function pairs(
  v: i32,
  t: usize,
  a: i32,
  b: i32,
  x: usize,
  y: usize,
  s: usize,
  bias: usize,
  z: usize,
  f: i32,
  n: usize,
): void {
  switch (v) {
    case 1:
      return stream.rows2x1(t, a, b, x, y, s, bias, z, f, n)
    case 2:
      return stream.rows2x2(t, a, b, x, y, s, bias, z, f, n)
    case 3:
      return stream.rows2x3(t, a, b, x, y, s, bias, z, f, n)
    case 4:
      return stream.rows2x4(t, a, b, x, y, s, bias, z, f, n)
    default:
      return stream.rows2x5(t, a, b, x, y, s, bias, z, f, n)
  }
}

/** Blocks of R rows, a tile of v vectors cut into what the kernels of R rows take. */
function tile(
  r: i32,
  v: i32,
  t: usize,
  a: i32,
  b: i32,
  x: usize,
  y: usize,
  s: usize,
  bias: usize,
  z: usize,
  f: i32,
  n: usize,
): void {
  if (r == 1) return single(v, t, a, b, x, y, s, bias, z, f, n)
  // every block passes over the whole tile before the next: its weights stay in the first-level cache
  for (let block = a; block < b; block++) {
    let left = v
    let at: usize = 0
    while (left > 0) {
      let width: i32
      const zz = z ? z + at : 0
      if (r == 2) {
        width = left > 5 ? (left < 8 ? (left + 1) >> 1 : left < 10 ? 4 : 5) : left
        pairs(width, t, block, block + 1, x + at, y + at, s, bias, zz, f, n)
      } else {
        width = min(left, 2)
        if (r == 4) {
          if (width == 2) stream.rows4x2(t, block, block + 1, x + at, y + at, s, bias, zz, f, n)
          else stream.rows4x1(t, block, block + 1, x + at, y + at, s, bias, zz, f, n)
        } else {
          if (width == 2) stream.rows5x2(t, block, block + 1, x + at, y + at, s, bias, zz, f, n)
          else stream.rows5x1(t, block, block + 1, x + at, y + at, s, bias, zz, f, n)
        }
      }
      at += (<usize>width) << 4
      left -= width
    }
  }
}

/**
 * Y = f(W · X + bias [+ residual]) for the tiles of positions of one part of the rows.
 *
 * The command: +8 tiles, number of tiles; +16 segments, number of segments; +24 X; +28 Y; +32 bytes from one row of Y to
 * the next; +36 bias; +40 residual, of Y's layout, or 0; +44 activation, a, b; +56 a buffer for what is never stored.
 * A tile: u32 byte offset in X, in Y, vectors. A segment: rows per block R, first row, table, flags, and for each part
 * the first block (parts + 1 of them, at a pointer). A table: a pointer to the stream, then byte offsets of its blocks.
 */
export function matrix(command: usize, part: i32): void {
  let at = load<u32>(command, 8)
  const tiles = load<i32>(command, 12)
  const segments = load<u32>(command, 16)
  const lastSegment = segments + <usize>load<u32>(command, 20) * 20
  const x = load<u32>(command, 24)
  const y = load<u32>(command, 28)
  const step = load<u32>(command, 32)
  const bias = load<u32>(command, 36)
  const residual = load<u32>(command, 40)
  const kind = load<i32>(command, 44)
  const a = load<f32>(command, 48)
  const b = load<f32>(command, 52)
  const never = load<u32>(command, 56)
  for (let i = 0; i < tiles; i++, at += 12) {
    const from = x + load<u32>(at)
    const offset = load<u32>(at, 4)
    const vectors = load<i32>(at, 8)
    for (let s = segments; s < lastSegment; s += 20) {
      const rows = load<i32>(s)
      const row = load<u32>(s, 4)
      const table = load<u32>(s, 8)
      const flags = load<i32>(s, 12)
      const parts = load<u32>(s, 16) + ((<usize>part) << 2)
      const first = load<i32>(parts)
      const last = load<i32>(parts, 4)
      const rowBytes = <usize>row * step
      const to = y + offset + rowBytes
      const rest = residual ? residual + offset + rowBytes : 0
      const rowBias = bias + ((<usize>row) << 2)
      if (!(flags & LAST) || kind <= Unary.Relu) {
        tile(rows, vectors, table, first, last, from, to, step, rowBias, rest, flags, never)
        continue
      }
      // some rows at a time, so that the activation finds them in the cache
      const some = max(1, 16 / rows)
      for (let block = first; block < last; block += some) {
        const end = min(block + some, last)
        tile(rows, vectors, table, block, end, from, to, step, rowBias, rest, flags, never)
        let line = to + <usize>(block * rows) * step
        const count = (end - block) * rows
        if (step == (<usize>vectors) << 4) activate(kind, line, line, count * vectors, a, b)
        else for (let r = 0; r < count; r++, line += step) activate(kind, line, line, vectors, a, b)
      }
    }
  }
}
