import { fromNumbers, int64 } from '@tacojs/graph'
import { dataTypeOf } from '../data-types.js'
import { fitting, number, refuse, type Converter } from './converter.js'
import { onMatrix } from './softmax.js'
import { Writer } from './writer.js'

/** max(0, x) + min(0, α·(exp(x/α) − 1)) = α·Elu(x/α). */
export const celu: Converter = (node, context) => {
  const [x = ''] = node.inputs
  const { dtype } = context.typeOf(x)
  const w = new Writer(node, context)
  const alpha = w.scalar('alpha', number(node, 'alpha', 1), dtype)
  return w.end('Mul', [w.add('Elu', [w.add('Div', [x, alpha])], { alpha: 1 }), alpha])
}

/** x above α, 0 elsewhere. */
export const thresholdedRelu: Converter = (node, context) => {
  const [x = ''] = node.inputs
  const { dtype } = context.typeOf(x)
  const w = new Writer(node, context)
  const above = w.add('Greater', [x, w.scalar('alpha', number(node, 'alpha', 1), dtype)])
  return w.end('Where', [above, x, w.scalar('zero', 0, dtype)])
}

/** x − bias above λ, x + bias below −λ, 0 between. */
export const shrink: Converter = (node, context) => {
  const [x = ''] = node.inputs
  const { dtype } = context.typeOf(x)
  const [lambda, bias] = [number(node, 'lambd', 0.5), number(node, 'bias', 0)]
  const w = new Writer(node, context)
  const [high, low] = [w.scalar('high', lambda, dtype), w.scalar('low', -lambda, dtype)]
  const shift = w.scalar('bias', bias, dtype)
  const below = w.add('Where', [w.add('Less', [x, low]), w.add('Add', [x, shift]), w.scalar('zero', 0, dtype)])
  return w.end('Where', [w.add('Greater', [x, high]), w.add('Sub', [x, shift]), below])
}

/** 1 at the first largest element along the axis, 0 elsewhere; flattened to a matrix before opset 13. */
export const hardmax: Converter = (node, context) =>
  onMatrix(node, context, (x, axis, shape, w) => {
    const length = shape[axis]
    if (typeof length !== 'number') refuse(node, 'the size of its axis is not known')
    fitting(node, length)
    const places = int64(
      shape.map((_, i) => (i === axis ? length : 1)),
      Array.from({ length }, (_, i) => i),
    )
    const largest = w.add('ArgMax', [x], { axis, keepdims: 1 })
    const hit = w.add('Equal', [largest, w.constant('places', places)])
    return ['Cast', [hit], { to: dataTypeOf(context.typeOf(node.inputs[0] ?? '').dtype) }]
  })

export const isNaN: Converter = (node, context) => {
  const [x = ''] = node.inputs
  const w = new Writer(node, context)
  return w.end('Not', [w.add('Equal', [x, x])])
}

export const isInf: Converter = (node, context) => {
  const [x = ''] = node.inputs
  const { dtype } = context.typeOf(x)
  const w = new Writer(node, context)
  const infinite = (sign: number): string =>
    w.add('Equal', [x, w.constant('infinity', fromNumbers(dtype, [], [sign * Infinity]))])
  const signs = [
    ...(number(node, 'detect_positive', 1) ? [1] : []),
    ...(number(node, 'detect_negative', 1) ? [-1] : []),
  ]
  const [first, second] = signs.map(infinite)
  if (first === undefined) return w.end('Xor', [w.add('Equal', [x, x]), w.add('Equal', [x, x])])
  return second === undefined ? w.is(first) : w.end('Or', [first, second])
}
