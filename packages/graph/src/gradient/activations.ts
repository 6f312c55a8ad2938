import { numberAttribute, stringAttribute } from '../ops/attributes.js'
import type { Node } from '../graph.js'
import type { GradientContext, Rules, Vjp } from './context.js'
import { halfSign, step } from './steps.js'

/** y = f(x), element by element: dy times f′, from whichever of x and y gives it in fewer steps. */
const pointwise =
  (rule: (c: GradientContext, v: { x: string; y: string; dy: string; node: Node }) => string): Vjp =>
  (node, c, [dy]) => [rule(c, { x: node.inputs[0]!, y: node.outputs[0]!, dy: dy!, node })]

const mul = (c: GradientContext, a: string, b: string | number): string =>
  c.add('Mul', [a, typeof b === 'number' ? c.scalar(b) : b])
const add = (c: GradientContext, a: string, b: string | number): string =>
  c.add('Add', [a, typeof b === 'number' ? c.scalar(b) : b])

/** 1 where 0 < y < 1, for a y that is held to [0, 1]. */
const inside = (c: GradientContext, y: string): string => step(c, mul(c, y, c.add('Sub', [c.scalar(1), y])))

/** Φ(x) + x·φ(x), with r = x/√2: ½ + ½·erf(r) + r·e^(−r²)/√π. */
function geluSlope(c: GradientContext, x: string): string {
  const r = mul(c, x, Math.SQRT1_2)
  // values of erf lie where a HardSigmoid is exactly ½x + ½
  const cdf = c.add('HardSigmoid', [c.add('Erf', [r])], { alpha: 0.5, beta: 0.5 })
  const bell = c.add('Div', [r, c.add('Exp', [mul(c, r, r)])])
  return add(c, cdf, mul(c, bell, 1 / Math.sqrt(Math.PI)))
}

/** With t = tanh(u), u = √(2/π)·(x + 0.044715·x³): ½(1 + t) + ½·x·(1 − t²)·u′. */
function geluTanhSlope(c: GradientContext, x: string): string {
  const root = Math.sqrt(2 / Math.PI)
  const square = mul(c, x, x)
  const u = mul(c, x, add(c, mul(c, square, root * 0.044715), root))
  const t = c.add('Tanh', [u])
  // x·u′ = √(2/π)·x·(1 + 3·0.044715·x²)
  const xu = mul(c, x, add(c, mul(c, square, root * 3 * 0.044715), root))
  const halfUp = c.add('HardSigmoid', [t], { alpha: 0.5, beta: 0.5 })
  // ½(1 − t²) = 2·h·(1 − h), h = ½(1 + t)
  const bell = mul(c, mul(c, halfUp, c.add('Sub', [c.scalar(1), halfUp])), xu)
  return add(c, halfUp, mul(c, bell, 2))
}

/** dy where x ≥ 0, dy·(value·e^x) where x < 0; y = value·(e^x − 1) there. */
const eluSlope = (c: GradientContext, x: string, y: string, value: number, above: number): string => {
  const up = step(c, x)
  const below = mul(c, c.add('Sub', [c.scalar(1), up]), add(c, y, value))
  return add(c, below, mul(c, up, above))
}

export const activations: Rules = {
  Identity: (_node, _c, [dy]) => [dy],
  Relu: pointwise((c, { y, dy }) => mul(c, dy, step(c, y))),
  LeakyRelu: pointwise((c, { x, dy, node }) => {
    const alpha = numberAttribute(node, 'alpha', 0.01)
    return mul(c, dy, add(c, mul(c, step(c, x), 1 - alpha), alpha))
  }),
  PRelu: (node, c, [dy]) => {
    const [x, slope] = node.inputs as [string, string]
    const up = step(c, x)
    const below = c.add('Sub', [c.scalar(1), up])
    return [c.needs(0) ? mul(c, dy!, add(c, up, mul(c, below, slope))) : undefined]
  },
  Elu: pointwise((c, { x, y, dy, node }) => mul(c, dy, eluSlope(c, x, y, numberAttribute(node, 'alpha', 1), 1))),
  Selu: pointwise((c, { x, y, dy, node }) => {
    const gamma = numberAttribute(node, 'gamma', 1.0507009873554805)
    return mul(c, dy, eluSlope(c, x, y, gamma * numberAttribute(node, 'alpha', 1.6732632423543772), gamma))
  }),
  Clip: (node, c, [dy]) => {
    const [y, low, high] = [node.outputs[0]!, node.inputs[1], node.inputs[2]]
    let d = dy!
    if (low) d = mul(c, d, step(c, c.add('Sub', [y, low])))
    if (high) d = mul(c, d, step(c, c.add('Sub', [high, y])))
    return [d]
  },
  HardSigmoid: pointwise((c, { y, dy, node }) => mul(c, mul(c, dy, numberAttribute(node, 'alpha', 0.2)), inside(c, y))),
  // x·h(x), h = min(1, max(0, x/6 + ½)): h + x·h′
  HardSwish: pointwise((c, { x, dy }) => {
    const h = c.add('HardSigmoid', [x], { alpha: 1 / 6, beta: 0.5 })
    return mul(c, dy, add(c, h, mul(c, mul(c, x, 1 / 6), inside(c, h))))
  }),
  Sigmoid: pointwise((c, { y, dy }) => mul(c, mul(c, dy, y), c.add('Sub', [c.scalar(1), y]))),
  Tanh: pointwise((c, { y, dy }) => mul(c, dy, c.add('Sub', [c.scalar(1), mul(c, y, y)]))),
  Softplus: pointwise((c, { x, dy }) => mul(c, dy, c.add('Sigmoid', [x]))),
  Erf: pointwise((c, { x, dy }) => c.add('Div', [mul(c, dy, 2 / Math.sqrt(Math.PI)), c.add('Exp', [mul(c, x, x)])])),
  Exp: pointwise((c, { y, dy }) => mul(c, dy, y)),
  Log: pointwise((c, { x, dy }) => c.add('Div', [dy, x])),
  Sqrt: pointwise((c, { y, dy }) => mul(c, c.add('Div', [dy, y]), 0.5)),
  Reciprocal: pointwise((c, { y, dy }) => c.add('Neg', [mul(c, dy, mul(c, y, y))])),
  Neg: pointwise((c, { dy }) => c.add('Neg', [dy])),
  Abs: pointwise((c, { x, dy }) => mul(c, mul(c, dy, 2), halfSign(c, x))),
  Sin: pointwise((c, { x, dy }) => mul(c, dy, c.add('Cos', [x]))),
  Cos: pointwise((c, { x, dy }) => c.add('Neg', [mul(c, dy, c.add('Sin', [x]))])),
  'ai.tacojs.Gelu': pointwise((c, { x, dy, node }) => {
    const slope = stringAttribute(node, 'approximate', 'none') === 'tanh' ? geluTanhSlope : geluSlope
    return mul(c, dy, slope(c, x))
  }),
}
