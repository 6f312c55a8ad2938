// Kernels for any layout: an element lies at the sum, over its dimensions, of a byte offset from that dimension's table.
import { Binary } from '../src/opcodes'

function combine(kind: i32, x: f32, z: f32): f32 {
  switch (kind) {
    case Binary.Add:
      return x + z
    case Binary.Sub:
      return x - z
    case Binary.Mul:
      return x * z
    case Binary.Div:
      return x / z
    case Binary.Max:
      return max(x, z)
    default:
      return min(x, z)
  }
}

/**
 * y[i…] = f(x[i…], z[i…]).
 * +8 X; +12 Y; +16 rank; +20 sizes; +24 tables of X; +28 tables of Y (a pointer per dimension, at a pointer); +36 kind;
 * +40 Z; +44 tables of Z. Recursive over dimensions; parts share the first.
 */
export function tableBinary(command: usize, part: i32): void {
  const parts = load<i32>(command, 4)
  const size = load<i32>(load<u32>(command, 20))
  const first = (size * part) / parts
  const last = (size * (part + 1)) / parts
  binaryFrom(command, 0, load<u32>(command, 8), load<u32>(command, 40), load<u32>(command, 12), first, last)
}

function binaryFrom(command: usize, dim: i32, x: usize, z: usize, y: usize, first: i32, last: i32): void {
  const slot = (<usize>dim) << 2
  const xs = load<u32>(load<u32>(command, 24) + slot)
  const ys = load<u32>(load<u32>(command, 28) + slot)
  const zs = load<u32>(load<u32>(command, 44) + slot)
  if (dim < load<i32>(command, 16) - 1) {
    const size = load<i32>(load<u32>(command, 20) + slot, 4)
    for (let i = first; i < last; i++) {
      const o = (<usize>i) << 2
      binaryFrom(command, dim + 1, x + load<u32>(xs + o), z + load<u32>(zs + o), y + load<u32>(ys + o), 0, size)
    }
    return
  }
  const kind = load<i32>(command, 36)
  for (let i = (<usize>first) << 2; i < (<usize>last) << 2; i += 4) {
    store<f32>(y + load<u32>(ys + i), combine(kind, load<f32>(x + load<u32>(xs + i)), load<f32>(z + load<u32>(zs + i))))
  }
}
