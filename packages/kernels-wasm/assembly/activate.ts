import { Unary } from '../src/opcodes'
import { gelu } from './generated/column'
import { erf, exp, log, madd, splat } from './vector'

// Marks: the loop below is compiled once for each.
class Identity {}
class Relu {}
class Clip {}
class GeluTanh {}
class Sigmoid {}
class Silu {}
class HardSigmoid {}
class HardSwish {}
class Tanh {}
class LeakyRelu {}
class Elu {}
class Exp {}
class Erf {}
class Sqrt {}
class Reciprocal {}
class Neg {}
class Abs {}
class Floor {}
class Ceil {}
class Round {}
class Mish {}
class Log {}
class Softplus {}
class Softsign {}

function is<A, B>(): bool {
  return idof<A>() == idof<B>()
}

function sigmoid(x: v128): v128 {
  return f32x4.div(splat(1), f32x4.add(splat(1), exp(f32x4.neg(x))))
}

/** 1 − 2 / (1 + e^2x). */
function tanh(x: v128): v128 {
  return f32x4.sub(splat(1), f32x4.div(splat(2), f32x4.add(splat(1), exp(f32x4.add(x, x)))))
}

function apply<F>(x: v128, a: v128, b: v128): v128 {
  if (is<F, Relu>()) return f32x4.pmax(x, splat(0))
  if (is<F, Clip>()) return f32x4.pmin(f32x4.pmax(x, a), b)
  if (is<F, GeluTanh>()) {
    // ½x(1 + tanh(z)) = x · sigmoid(2z), z = √(2/π)(x + 0.044715x³)
    const cube = f32x4.mul(f32x4.mul(x, x), x)
    return f32x4.mul(x, sigmoid(f32x4.mul(madd(cube, splat(0.044715), x), splat(1.5957691216057308))))
  }
  if (is<F, Sigmoid>()) return sigmoid(x)
  if (is<F, Silu>()) return f32x4.mul(x, sigmoid(x))
  if (is<F, HardSigmoid>()) return f32x4.pmax(f32x4.pmin(madd(a, x, b), splat(1)), splat(0))
  if (is<F, HardSwish>()) {
    return f32x4.mul(x, f32x4.pmax(f32x4.pmin(madd(x, splat(0.16666667), splat(0.5)), splat(1)), splat(0)))
  }
  if (is<F, Tanh>()) return tanh(x)
  if (is<F, LeakyRelu>()) return v128.bitselect(f32x4.mul(a, x), x, f32x4.lt(x, splat(0)))
  if (is<F, Elu>()) {
    return v128.bitselect(f32x4.mul(a, f32x4.sub(exp(x), splat(1))), f32x4.mul(b, x), f32x4.lt(x, splat(0)))
  }
  if (is<F, Exp>()) return exp(x)
  if (is<F, Erf>()) return erf(x)
  if (is<F, Sqrt>()) return f32x4.sqrt(x)
  if (is<F, Reciprocal>()) return f32x4.div(splat(1), x)
  if (is<F, Neg>()) return f32x4.neg(x)
  if (is<F, Abs>()) return f32x4.abs(x)
  if (is<F, Floor>()) return f32x4.floor(x)
  if (is<F, Ceil>()) return f32x4.ceil(x)
  if (is<F, Round>()) return f32x4.nearest(x)
  if (is<F, Mish>()) {
    // tanh(ln(1 + e^x)) = (e² + 2e) / (e² + 2e + 2), with e = e^min(x, 20): beyond 20 it is 1 in float32
    const e = exp(f32x4.pmin(x, splat(20)))
    const s = madd(e, e, f32x4.add(e, e))
    return f32x4.mul(x, f32x4.div(s, f32x4.add(s, splat(2))))
  }
  if (is<F, Log>()) return log(x)
  if (is<F, Softplus>()) {
    // max(x, 0) + ln(1 + e^−|x|)
    const e = exp(f32x4.neg(f32x4.abs(x)))
    return f32x4.add(f32x4.max(x, splat(0)), log(f32x4.add(e, splat(1))))
  }
  if (is<F, Softsign>()) return f32x4.div(x, f32x4.add(splat(1), f32x4.abs(x)))
  return x
}

/** y = f(x) over `count` vectors, four at a time; x and y may be the same. */
function map<F>(x: usize, y: usize, count: i32, alpha: f32, beta: f32): void {
  const a = splat(alpha)
  const b = splat(beta)
  const end = x + ((<usize>count) << 4)
  const four = x + ((<usize>(count & ~3)) << 4)
  while (x < four) {
    const x0 = v128.load(x)
    const x1 = v128.load(x, 16)
    const x2 = v128.load(x, 32)
    const x3 = v128.load(x, 48)
    v128.store(y, apply<F>(x0, a, b))
    v128.store(y, apply<F>(x1, a, b), 16)
    v128.store(y, apply<F>(x2, a, b), 32)
    v128.store(y, apply<F>(x3, a, b), 48)
    x += 64
    y += 64
  }
  while (x < end) {
    v128.store(y, apply<F>(v128.load(x), a, b))
    x += 16
    y += 16
  }
}

/** y = f(x) over `count` vectors. */
export function activate(kind: i32, x: usize, y: usize, count: i32, a: f32, b: f32): void {
  switch (kind) {
    case Unary.Identity:
      return map<Identity>(x, y, count, a, b)
    case Unary.Relu:
      return map<Relu>(x, y, count, a, b)
    case Unary.Clip:
      return map<Clip>(x, y, count, a, b)
    case Unary.Gelu:
      return gelu(x, y, count)
    case Unary.GeluTanh:
      return map<GeluTanh>(x, y, count, a, b)
    case Unary.Sigmoid:
      return map<Sigmoid>(x, y, count, a, b)
    case Unary.Silu:
      return map<Silu>(x, y, count, a, b)
    case Unary.HardSigmoid:
      return map<HardSigmoid>(x, y, count, a, b)
    case Unary.HardSwish:
      return map<HardSwish>(x, y, count, a, b)
    case Unary.Tanh:
      return map<Tanh>(x, y, count, a, b)
    case Unary.LeakyRelu:
      return map<LeakyRelu>(x, y, count, a, b)
    case Unary.Elu:
      return map<Elu>(x, y, count, a, b)
    case Unary.Exp:
      return map<Exp>(x, y, count, a, b)
    case Unary.Erf:
      return map<Erf>(x, y, count, a, b)
    case Unary.Sqrt:
      return map<Sqrt>(x, y, count, a, b)
    case Unary.Reciprocal:
      return map<Reciprocal>(x, y, count, a, b)
    case Unary.Neg:
      return map<Neg>(x, y, count, a, b)
    case Unary.Abs:
      return map<Abs>(x, y, count, a, b)
    case Unary.Floor:
      return map<Floor>(x, y, count, a, b)
    case Unary.Ceil:
      return map<Ceil>(x, y, count, a, b)
    case Unary.Round:
      return map<Round>(x, y, count, a, b)
    case Unary.Mish:
      return map<Mish>(x, y, count, a, b)
    case Unary.Log:
      return map<Log>(x, y, count, a, b)
    case Unary.Softplus:
      return map<Softplus>(x, y, count, a, b)
    case Unary.Softsign:
      return map<Softsign>(x, y, count, a, b)
  }
}
