import { float32, toNumbers } from '../tensor.js'
import type { GradientContext, Rules, Vjp } from './context.js'
import { unbroadcast } from './shapes.js'

/** The operands' gradients in the shape of the result, each only where it is wanted, summed over what was repeated. */
const operands =
  (...parts: readonly ((c: GradientContext, v: { a: string; b: string; y: string; dy: string }) => string)[]): Vjp =>
  (node, c, [dy]) => {
    const [a, b] = node.inputs as [string, string]
    const y = node.outputs[0]!
    return parts.map((part, i) =>
      c.needs(i) ? unbroadcast(c, part(c, { a, b, y, dy: dy! }), c.shape(y), node.inputs[i]!) : undefined,
    )
  }

/** Gradients of a sum, each times `factor`. */
const sum =
  (factor: (terms: number) => number): Vjp =>
  (node, c, [dy]) => {
    const share = factor(node.inputs.length)
    const part = share === 1 ? dy! : c.add('Mul', [dy!, c.scalar(share)])
    return node.inputs.map((name, i) =>
      c.needs(i) ? unbroadcast(c, part, c.shape(node.outputs[0]!), name) : undefined,
    )
  }

const product = operands(
  (c, { b, dy }) => c.add('Mul', [dy, b]),
  (c, { a, dy }) => c.add('Mul', [dy, a]),
)

const where: Vjp = (node, c, [dy]) => {
  const [condition, yes, no] = node.inputs as [string, string, string]
  const shape = c.shape(node.outputs[0]!)
  const zero = c.scalar(0)
  return [
    undefined,
    c.needs(1) ? unbroadcast(c, c.add('Where', [condition, dy!, zero]), shape, yes) : undefined,
    c.needs(2) ? unbroadcast(c, c.add('Where', [condition, zero, dy!]), shape, no) : undefined,
  ]
}

/** x^p with a constant p: p·x^(p − 1). */
const pow: Vjp = (node, c, [dy]) => {
  const [x, exponent] = node.inputs as [string, string]
  const y = node.outputs[0]!
  const powers = c.constant(exponent)
  if (!powers) return c.refuse('its exponent is not constant')
  if (!c.needs(0)) return []
  const values = toNumbers(powers)
  const [p] = values
  const is = (value: number): boolean => values.length === 1 && p === value
  const slope = (): string => {
    if (is(2)) return c.add('Mul', [x, c.scalar(2)])
    if (is(0.5)) return c.add('Div', [c.scalar(0.5), y])
    if (is(3)) return c.add('Mul', [c.add('Mul', [x, x]), c.scalar(3)])
    const less = c.value(
      float32(
        powers.shape,
        values.map((v) => v - 1),
      ),
    )
    return c.add('Mul', [c.add('Pow', [x, less]), exponent])
  }
  return [unbroadcast(c, c.add('Mul', [dy!, slope()]), c.shape(y), x)]
}

export const arithmetic: Rules = {
  Add: sum(() => 1),
  Sum: sum(() => 1),
  Mean: sum((terms) => 1 / terms),
  Sub: operands(
    (_c, { dy }) => dy,
    (c, { dy }) => c.add('Neg', [dy]),
  ),
  Mul: product,
  'ai.tacojs.LayerScale': product,
  Div: operands(
    (c, { b, dy }) => c.add('Div', [dy, b]),
    (c, { b, y, dy }) => c.add('Neg', [c.add('Mul', [c.add('Div', [dy, b]), y])]),
  ),
  Pow: pow,
  Where: where,
}
