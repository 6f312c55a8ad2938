import { castTarget, type Node } from '@tacojs/graph'
import { erf } from './erf.js'
import { make, num, text, values, type Kernel, type Kernels } from './kernel.js'

const each =
  (f: (x: number, node: Node) => number): Kernel =>
  (node, [x]) => [
    make(
      x!.dtype,
      x!.shape,
      values(x!).map((v) => f(v, node)),
    ),
  ]

/** log(1 + eˣ) without overflow. */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))

/** The nearest integer; halves to the even one. Negative zero stays, as IEEE 754 has it. */
const roundHalfEven = (x: number): number => {
  const a = Math.abs(x)
  const floor = Math.floor(a)
  const nearest = a - floor !== 0.5 ? Math.round(a) : floor + (floor % 2)
  return x < 0 ? -nearest : nearest
}

const elu = (x: number, alpha: number): number => (x < 0 ? alpha * Math.expm1(x) : x)

const gelu = (x: number, form: string): number =>
  form === 'tanh'
    ? 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
    : 0.5 * x * (1 + erf(x * Math.SQRT1_2))

export const unary: Kernels = {
  Abs: each(Math.abs),
  Neg: each((x) => -x),
  Sqrt: each(Math.sqrt),
  Exp: each(Math.exp),
  Log: each(Math.log),
  Erf: each(erf),
  Tanh: each(Math.tanh),
  Sigmoid: each((x) => 1 / (1 + Math.exp(-x))),
  Relu: each((x) => Math.max(x, 0)),
  LeakyRelu: each((x, n) => (x < 0 ? num(n, 'alpha', 0.01) * x : x)),
  Elu: each((x, n) => elu(x, num(n, 'alpha', 1))),
  Selu: each((x, n) => num(n, 'gamma', 1.0507010221481323) * elu(x, num(n, 'alpha', 1.6732631921768188))),
  HardSigmoid: each((x, n) => Math.max(0, Math.min(1, num(n, 'alpha', 0.2) * x + num(n, 'beta', 0.5)))),
  HardSwish: each((x) => x * Math.max(0, Math.min(1, x / 6 + 0.5))),
  Softplus: each(softplus),
  Softsign: each((x) => x / (1 + Math.abs(x))),
  Mish: each((x) => x * Math.tanh(softplus(x))),
  Reciprocal: each((x) => 1 / x),
  Floor: each(Math.floor),
  Ceil: each(Math.ceil),
  Round: each(roundHalfEven),
  Sign: each(Math.sign),
  Sin: each(Math.sin),
  Cos: each(Math.cos),
  Not: each((x) => (x ? 0 : 1)),
  Identity: each((x) => x),
  Cast: (node, [x]) => [make(castTarget(node), x!.shape, values(x!))],
  Clip: (_node, [x, min, max]) => {
    const low = min ? values(min)[0]! : -Infinity
    const high = max ? values(max)[0]! : Infinity
    return [
      make(
        x!.dtype,
        x!.shape,
        values(x!).map((v) => Math.min(high, Math.max(low, v))),
      ),
    ]
  },
  'ai.tacojs.Gelu': each((x, n) => gelu(x, text(n, 'approximate', 'none'))),
}
