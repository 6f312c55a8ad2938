// Kernels for any layout: an element lies at the sum, over its dimensions, of a byte offset from that dimension's table.
import { Binary, Reduction } from '../src/opcodes'

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

/**
 * Reductions: +8 X; +12 Y; +16 outer rank; +20 sizes (outer, then inner); +24 tables of X (outer, then inner);
 * +28 tables of Y (outer); +32 inner rank; +36 kind; +40 factor of the result. Parts share the first outer dimension.
 */
export function reduce(command: usize, part: i32): void {
  const parts = load<i32>(command, 4)
  const size = load<i32>(load<u32>(command, 20))
  const first = (size * part) / parts
  reduceFrom(command, 0, load<u32>(command, 8), load<u32>(command, 12), first, (size * (part + 1)) / parts)
}

function reduceFrom(command: usize, dim: i32, x: usize, y: usize, first: i32, last: i32): void {
  const slot = (<usize>dim) << 2
  const xs = load<u32>(load<u32>(command, 24) + slot)
  const ys = load<u32>(load<u32>(command, 28) + slot)
  const outer = load<i32>(command, 16)
  const size = load<i32>(load<u32>(command, 20) + slot, 4)
  const kind = load<i32>(command, 36)
  for (let i = first; i < last; i++) {
    const o = (<usize>i) << 2
    const from = x + load<u32>(xs + o)
    const to = y + load<u32>(ys + o)
    if (dim < outer - 1) reduceFrom(command, dim + 1, from, to, 0, size)
    else {
      const start: f64 =
        kind == Reduction.Product ? 1 : kind == Reduction.Max ? -Infinity : kind == Reduction.Min ? Infinity : 0
      store<f32>(
        to,
        <f32>(fold(command, outer, outer + load<i32>(command, 32), from, start, kind) * load<f32>(command, 40)),
      )
    }
  }
}

/** The inner dimensions, in float64. */
function fold(command: usize, dim: i32, rank: i32, x: usize, sum: f64, kind: i32): f64 {
  const slot = (<usize>dim) << 2
  const xs = load<u32>(load<u32>(command, 24) + slot)
  const end = (<usize>load<u32>(load<u32>(command, 20) + slot)) << 2
  if (dim < rank - 1) {
    for (let i: usize = 0; i < end; i += 4) sum = fold(command, dim + 1, rank, x + load<u32>(xs + i), sum, kind)
    return sum
  }
  switch (kind) {
    case Reduction.Sum: {
      for (let i: usize = 0; i < end; i += 4) sum += <f64>load<f32>(x + load<u32>(xs + i))
      return sum
    }
    case Reduction.Max: {
      for (let i: usize = 0; i < end; i += 4) sum = max(sum, <f64>load<f32>(x + load<u32>(xs + i)))
      return sum
    }
    case Reduction.Min: {
      for (let i: usize = 0; i < end; i += 4) sum = min(sum, <f64>load<f32>(x + load<u32>(xs + i)))
      return sum
    }
    case Reduction.Product: {
      for (let i: usize = 0; i < end; i += 4) sum *= <f64>load<f32>(x + load<u32>(xs + i))
      return sum
    }
    case Reduction.SumOfSquares: {
      for (let i: usize = 0; i < end; i += 4) {
        const v = <f64>load<f32>(x + load<u32>(xs + i))
        sum += v * v
      }
      return sum
    }
    default: {
      for (let i: usize = 0; i < end; i += 4) sum += abs(<f64>load<f32>(x + load<u32>(xs + i)))
      return sum
    }
  }
}
