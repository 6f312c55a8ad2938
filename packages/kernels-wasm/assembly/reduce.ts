// Reductions, in float64: every result is summed up in one order, whoever computes it.
import { Reduction } from '../src/opcodes'

// Marks: the loops below are compiled once for each.
class Sum {}
class Max {}
class Min {}
class Product {}
class SumOfSquares {}
class SumOfMagnitudes {}

function is<A, B>(): bool {
  return idof<A>() == idof<B>()
}

function start<K>(): f64 {
  if (is<K, Product>()) return 1
  if (is<K, Max>()) return -Infinity
  if (is<K, Min>()) return Infinity
  return 0
}

function one<K>(sum: f64, v: f64): f64 {
  if (is<K, Max>()) return max(sum, v)
  if (is<K, Min>()) return min(sum, v)
  if (is<K, Product>()) return sum * v
  if (is<K, SumOfSquares>()) return sum + v * v
  if (is<K, SumOfMagnitudes>()) return sum + abs(v)
  return sum + v
}

function two<K>(sum: v128, v: v128): v128 {
  if (is<K, Max>()) return f64x2.max(sum, v)
  if (is<K, Min>()) return f64x2.min(sum, v)
  if (is<K, Product>()) return f64x2.mul(sum, v)
  if (is<K, SumOfSquares>()) return f64x2.add(sum, f64x2.mul(v, v))
  if (is<K, SumOfMagnitudes>()) return f64x2.add(sum, f64x2.abs(v))
  return f64x2.add(sum, v)
}

/** Two partial results as one. */
function joined<K>(a: f64, b: f64): f64 {
  if (is<K, Max>()) return max(a, b)
  if (is<K, Min>()) return min(a, b)
  if (is<K, Product>()) return a * b
  return a + b
}

/**
 * The command: +8 X; +12 Y; +16 fours of results, number of fours; +24 single results, number of them; +32 runs of what is
 * reduced, number of runs; +40 kind; +44 factor of the result. A four: byte offset in X of the first, whose neighbours the
 * others are, and in Y of all four. A single result: byte offset in X, in Y. A run: byte offset in X, bytes. Parts share
 * fours and single results.
 */
export function reduce(command: usize, part: i32): void {
  switch (load<i32>(command, 40)) {
    case Reduction.Sum:
      return reduceBy<Sum>(command, part)
    case Reduction.Max:
      return reduceBy<Max>(command, part)
    case Reduction.Min:
      return reduceBy<Min>(command, part)
    case Reduction.Product:
      return reduceBy<Product>(command, part)
    case Reduction.SumOfSquares:
      return reduceBy<SumOfSquares>(command, part)
    default:
      return reduceBy<SumOfMagnitudes>(command, part)
  }
}

function reduceBy<K>(command: usize, part: i32): void {
  const parts = load<i32>(command, 4)
  const x = load<u32>(command, 8)
  const y = load<u32>(command, 12)
  const runs = load<u32>(command, 32)
  const end = runs + ((<usize>load<u32>(command, 36)) << 3)
  const factor = <f64>load<f32>(command, 44)
  const fours = load<i32>(command, 20)
  const lastFour = load<u32>(command, 16) + <usize>((fours * (part + 1)) / parts) * 20
  let r = load<u32>(command, 16) + <usize>((fours * part) / parts) * 20
  while (r < lastFour) {
    const from = x + load<u32>(r)
    // the next four beside this one: a row is then read in pieces of half a cache line, and its sums overlap
    if (r + 20 < lastFour && load<u32>(r, 20) == load<u32>(r) + 16) {
      four<K>(from, runs, end, y, r, factor, true)
      r += 40
    } else {
      four<K>(from, runs, end, y, r, factor, false)
      r += 20
    }
  }
  const ones = load<i32>(command, 28)
  const lastOne = load<u32>(command, 24) + ((<usize>((ones * (part + 1)) / parts)) << 3)
  for (let r = load<u32>(command, 24) + ((<usize>((ones * part) / parts)) << 3); r < lastOne; r += 8) {
    store<f32>(y + load<u32>(r, 4), <f32>(single<K>(x + load<u32>(r), runs, end) * factor))
  }
}

function high(v: v128): v128 {
  return f64x2.promote_low_f32x4(i32x4.shuffle(v, v, 2, 3, 2, 3))
}

/** Four results whose elements are neighbours, each in the order of its elements; and the next four, if they are wanted. */
function four<K>(x: usize, runs: usize, end: usize, y: usize, r: usize, factor: f64, more: bool): void {
  let a = f64x2.splat(start<K>())
  let b = a
  let c = a
  let d = a
  for (; runs < end; runs += 8) {
    let p = x + load<u32>(runs)
    const last = p + load<u32>(runs, 4)
    for (; p < last; p += 4) {
      const v = v128.load(p)
      a = two<K>(a, f64x2.promote_low_f32x4(v))
      b = two<K>(b, high(v))
      if (more) {
        const w = v128.load(p, 16)
        c = two<K>(c, f64x2.promote_low_f32x4(w))
        d = two<K>(d, high(w))
      }
    }
  }
  const by = f64x2.splat(factor)
  finish(f64x2.mul(a, by), f64x2.mul(b, by), y, r)
  if (more) finish(f64x2.mul(c, by), f64x2.mul(d, by), y, r + 20)
}

function finish(a: v128, b: v128, y: usize, r: usize): void {
  store<f32>(y + load<u32>(r, 4), <f32>f64x2.extract_lane(a, 0))
  store<f32>(y + load<u32>(r, 8), <f32>f64x2.extract_lane(a, 1))
  store<f32>(y + load<u32>(r, 12), <f32>f64x2.extract_lane(b, 0))
  store<f32>(y + load<u32>(r, 16), <f32>f64x2.extract_lane(b, 1))
}

/** One result: of each run eights first, in eight sums, then what is left. */
function single<K>(x: usize, runs: usize, end: usize): f64 {
  let a = f64x2.splat(start<K>())
  let b = a
  let c = a
  let d = a
  let sum: f64 = start<K>()
  for (; runs < end; runs += 8) {
    let p = x + load<u32>(runs)
    const last = p + load<u32>(runs, 4)
    for (; p + 32 <= last; p += 32) {
      const v = v128.load(p)
      const w = v128.load(p, 16)
      a = two<K>(a, f64x2.promote_low_f32x4(v))
      b = two<K>(b, high(v))
      c = two<K>(c, f64x2.promote_low_f32x4(w))
      d = two<K>(d, high(w))
    }
    for (; p < last; p += 4) sum = one<K>(sum, <f64>load<f32>(p))
  }
  return joined<K>(joined<K>(joined<K>(lanes<K>(a), lanes<K>(b)), joined<K>(lanes<K>(c), lanes<K>(d))), sum)
}

function lanes<K>(v: v128): f64 {
  return joined<K>(f64x2.extract_lane(v, 0), f64x2.extract_lane(v, 1))
}
