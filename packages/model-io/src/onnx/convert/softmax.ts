import type { Attribute, Dim } from '@tacojs/graph'
import type { RawNode } from '../flatten.js'
import { number, same, type Converted, type ConvertContext, type Converter } from './converter.js'
import { Writer } from './writer.js'

/** The operation on x along an axis: operator, inputs, attributes. */
type Body = (
  x: string,
  axis: number,
  shape: readonly Dim[],
  w: Writer,
) => readonly [op: string, inputs: readonly string[], attributes: Record<string, Attribute>]

/**
 * Before opset 13 the input was taken as a matrix, flattened at `axis` (1 where absent), and rows were normalised.
 * For the last axis that is today's meaning; else the same is written out with Flatten and Reshape.
 */
export function onMatrix(node: RawNode, context: ConvertContext, body: Body): readonly Converted[] {
  const [x = ''] = node.inputs
  const { shape } = context.typeOf(x)
  const positive = (axis: number): number => (axis < 0 ? axis + shape.length : axis)
  const w = new Writer(node, context)
  const today = node.opset >= 13
  const axis = positive(number(node, 'axis', today ? -1 : 1))
  if (today || axis === shape.length - 1) return w.end(...body(x, axis, shape, w))
  const sizes = w.add('Shape', [x])
  const matrix = w.add('Flatten', [x], { axis })
  const inner = shape
    .slice(axis)
    .reduce<Dim>((a, b) => (typeof a === 'number' && typeof b === 'number' ? a * b : ''), 1)
  const [op, inputs, attributes] = body(matrix, 1, ['', inner], w)
  return w.end('Reshape', [w.add(op, inputs, attributes), sizes])
}

export const softmax: Converter = (node, context) => {
  if (node.opset >= 13) return [same(node)]
  return onMatrix(node, context, (x, axis, shape) => [node.op, [x], { axis: axis === shape.length - 1 ? -1 : axis }])
}
