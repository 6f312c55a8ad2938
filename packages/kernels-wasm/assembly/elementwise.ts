import { Binary } from '../src/opcodes'
import { activate } from './activate'
import { splat } from './vector'

class Add {}
class Sub {}
class Mul {}
class Div {}
class Max {}
class Min {}

function is<A, B>(): bool {
  return idof<A>() == idof<B>()
}

function apply<F>(x: v128, z: v128): v128 {
  if (is<F, Add>()) return f32x4.add(x, z)
  if (is<F, Sub>()) return f32x4.sub(x, z)
  if (is<F, Mul>()) return f32x4.mul(x, z)
  if (is<F, Div>()) return f32x4.div(x, z)
  // min and max, not pmin and pmax: NaN on either side wins
  if (is<F, Max>()) return f32x4.max(x, z)
  return f32x4.min(x, z)
}

/** y = f(x, z); z is a vector of its own per vector of x, or the same one throughout (zs 0). */
function map<F>(x: usize, z: usize, zs: usize, y: usize, count: i32, swap: bool): void {
  const end = x + ((<usize>count) << 4)
  if (swap) {
    for (; x < end; x += 16, y += 16, z += zs) v128.store(y, apply<F>(v128.load(z), v128.load(x)))
    return
  }
  for (; x < end; x += 16, y += 16, z += zs) v128.store(y, apply<F>(v128.load(x), v128.load(z)))
}

function combine(kind: i32, x: usize, z: usize, zs: usize, y: usize, count: i32, swap: bool): void {
  switch (kind) {
    case Binary.Add:
      return map<Add>(x, z, zs, y, count, false)
    case Binary.Sub:
      return map<Sub>(x, z, zs, y, count, swap)
    case Binary.Mul:
      return map<Mul>(x, z, zs, y, count, false)
    case Binary.Div:
      return map<Div>(x, z, zs, y, count, swap)
    case Binary.Max:
      return map<Max>(x, z, zs, y, count, false)
    default:
      return map<Min>(x, z, zs, y, count, false)
  }
}

/** y = f(x). +8 X; +12 Y; +16 vectors; +20 kind, a, b. */
export function unary(command: usize, part: i32): void {
  const parts = load<i32>(command, 4)
  const count = load<i32>(command, 16)
  const from = <i32>((<i64>count * part) / parts)
  const to = <i32>((<i64>count * (part + 1)) / parts)
  const o = (<usize>from) << 4
  activate(
    load<i32>(command, 20),
    load<u32>(command, 8) + o,
    load<u32>(command, 12) + o,
    to - from,
    load<f32>(command, 24),
    load<f32>(command, 28),
  )
}

/** y = f(x, z), all of one layout. +8 X; +12 Z; +16 Y; +20 vectors; +24 kind. */
export function binary(command: usize, part: i32): void {
  const parts = load<i32>(command, 4)
  const count = load<i32>(command, 20)
  const from = <i32>((<i64>count * part) / parts)
  const to = <i32>((<i64>count * (part + 1)) / parts)
  const o = (<usize>from) << 4
  const kind = load<i32>(command, 24)
  combine(kind, load<u32>(command, 8) + o, load<u32>(command, 12) + o, 16, load<u32>(command, 16) + o, to - from, false)
}

/**
 * y = f(x, s), or f(s, x), with one s per row and panel.
 * +8 X; +12 s; +16 Y; +20 vectors per row; +24 kind; +28 rows; +32 panels; +36 bytes from s to s along rows; +40 byte
 * offset of each panel's s, at a pointer; +44 whether s is the left operand; +48 a vector per part.
 */
export function rowBinary(command: usize, part: i32): void {
  const parts = load<i32>(command, 4)
  const x = load<u32>(command, 8)
  const s = load<u32>(command, 12)
  const y = load<u32>(command, 16)
  const vectors = load<i32>(command, 20)
  const kind = load<i32>(command, 24)
  const rows = load<i32>(command, 28)
  const step = load<u32>(command, 36)
  const offsets = load<u32>(command, 40)
  const swap = load<i32>(command, 44) != 0
  const splatted = load<u32>(command, 48) + ((<usize>part) << 4)
  const count = rows * load<i32>(command, 32)
  const last = <i32>((<i64>count * (part + 1)) / parts)
  for (let i = <i32>((<i64>count * part) / parts); i < last; i++) {
    const panel = i / rows
    const at = s + load<u32>(offsets + ((<usize>panel) << 2)) + <usize>(i - panel * rows) * step
    v128.store(splatted, splat(load<f32>(at)))
    const o = (<usize>i * vectors) << 4
    combine(kind, x + o, splatted, 0, y + o, vectors, swap)
  }
}

/**
 * y = f(x, z), or f(z, x), with one line of z for all rows of a panel.
 * +8 X; +12 Z; +16 Y; +20 vectors per row; +24 kind; +28 rows; +32 panels; +36 whether z is the left operand.
 */
export function lineBinary(command: usize, part: i32): void {
  const parts = load<i32>(command, 4)
  const x = load<u32>(command, 8)
  const z = load<u32>(command, 12)
  const y = load<u32>(command, 16)
  const vectors = load<i32>(command, 20)
  const kind = load<i32>(command, 24)
  const rows = load<i32>(command, 28)
  const swap = load<i32>(command, 36) != 0
  const count = rows * load<i32>(command, 32)
  const last = <i32>((<i64>count * (part + 1)) / parts)
  for (let i = <i32>((<i64>count * part) / parts); i < last; i++) {
    const o = (<usize>i * vectors) << 4
    combine(kind, x + o, z + ((<usize>(i / rows) * vectors) << 4), 16, y + o, vectors, swap)
  }
}

/** Zeros. +8 where; +12 bytes. */
export function fill(command: usize, part: i32): void {
  const parts = load<i32>(command, 4)
  const bytes = load<u32>(command, 12)
  const share = (bytes / parts + 63) & ~63
  const from = min(bytes, share * part)
  memory.fill(load<u32>(command, 8) + from, 0, part == parts - 1 ? bytes - from : min(bytes, from + share) - from)
}

/**
 * Zeros around the positions that hold something.
 * +8 base; +12 blocks, number of blocks: byte offset, bytes; +20 stretches of rows, number of them: byte offset, rows;
 * +28 bytes from row to row; +32 pattern within a row, its length: byte offset, bytes (both multiples of 4).
 */
export function zeroMargins(command: usize, part: i32): void {
  const parts = load<i32>(command, 4)
  const base = load<u32>(command, 8)
  const blocks = load<u32>(command, 12)
  const blockCount = load<i32>(command, 16)
  for (let i = part; i < blockCount; i += parts) {
    const b = blocks + ((<usize>i) << 3)
    memory.fill(base + load<u32>(b), 0, load<u32>(b, 4))
  }
  const stretches = load<u32>(command, 20)
  const step = load<u32>(command, 28)
  const pattern = load<u32>(command, 32)
  const patternEnd = pattern + ((<usize>load<u32>(command, 36)) << 3)
  for (let i = 0; i < load<i32>(command, 24); i++) {
    const stretch = stretches + ((<usize>i) << 3)
    const rows = load<i32>(stretch, 4)
    const last = (rows * (part + 1)) / parts
    for (let r = (rows * part) / parts; r < last; r++) {
      const row = base + load<u32>(stretch) + <usize>r * step
      for (let p = pattern; p < patternEnd; p += 8) {
        let at = row + load<u32>(p)
        const end = at + load<u32>(p, 4)
        for (; at < end; at += 4) store<f32>(at, 0)
      }
    }
  }
}
