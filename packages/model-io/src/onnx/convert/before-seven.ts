import { fromNumbers, int64 } from '@tacojs/graph'
import type { RawNode } from '../flatten.js'
import { number, numbers, refuse, without, type Converted, type ConvertContext } from './converter.js'

/** Data types that Cast named in words before opset 6. */
const codes: Readonly<Record<string, number>> = {
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  UINT64: 13,
}

const elementwise = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'And', 'Or', 'Xor', 'Equal', 'Greater', 'Less'])

/**
 * What opsets 1 to 6 wrote otherwise than opset 7, as the later form: broadcasting by attribute, shapes and data types
 * in attributes, hints on memory. Returns the node, and nodes that go before it.
 */
export function sinceSeven(node: RawNode, context: ConvertContext): { node: RawNode; before: readonly Converted[] } {
  const attributes = without(node.attributes, 'consumed_inputs')
  const changed = (change: Partial<RawNode>): RawNode => ({ ...node, attributes, ...change })
  const plain = (change: Partial<RawNode> = {}) => ({ node: changed(change), before: [] })
  switch (node.op) {
    case 'Dropout':
    case 'BatchNormalization':
      if (number(node, 'is_test', 0) === 0) refuse(node, 'training mode (is_test = 0) is not supported')
      return plain({ attributes: without(attributes, 'is_test') })
    case 'Gemm':
      return plain({ attributes: without(attributes, 'broadcast') })
    case 'Reshape': {
      const shape = numbers(node, 'shape')
      if (!shape) return plain()
      const name = context.addConstant(`${node.outputs[0]}_shape`, int64([shape.length], shape))
      return plain({ inputs: [node.inputs[0] ?? '', name], attributes: without(attributes, 'shape') })
    }
    case 'Cast':
      return plain(typeof attributes.to === 'string' ? { attributes: { to: codes[attributes.to] ?? 0 } } : {})
    case 'Concat':
      return plain({ attributes: { axis: 1, ...attributes } })
    case 'Pad':
      return plain({
        attributes: {
          ...without(attributes, 'paddings'),
          pads: numbers(node, 'pads') ?? numbers(node, 'paddings') ?? [],
        },
      })
    case 'Selu':
      return node.opset < 6 ? plain({ attributes: { alpha: 1.6732, gamma: 1.0507, ...attributes } }) : plain()
    case 'Tile':
      return node.opset < 6 ? plain(tile(node, context)) : plain()
    case 'PRelu':
      return aligned(changed({}), 1, context)
  }
  if (!elementwise.has(node.op)) return plain()
  const axis = number(node, 'axis', NaN)
  const after = changed({ attributes: without(attributes, 'axis', 'broadcast') })
  return Number.isNaN(axis) ? { node: after, before: [] } : aligned(after, axis, context)
}

/** The second input's axes are those of the first from `axis` on. */
function aligned(
  node: RawNode,
  axis: number,
  context: ConvertContext,
): { node: RawNode; before: readonly Converted[] } {
  const [a = '', b = ''] = node.inputs
  const [whole, part] = [context.typeOf(a).shape.length, context.typeOf(b).shape.length]
  const first = axis < 0 ? axis + whole : axis
  const behind = whole - first - part
  if (behind <= 0 || part === 0 || context.typeOf(b).shape.join() === '1') return { node, before: [] }
  const axes = Array.from({ length: behind }, (_, i) => part + i)
  const name = context.freshName(`${node.outputs[0]}_aligned`)
  const inputs = [b, context.addConstant(`${node.outputs[0]}_axes`, int64([behind], axes))]
  const before: Converted = { name: '', op: 'Unsqueeze', domain: '', inputs, outputs: [name], attributes: {} }
  return { node: { ...node, inputs: [a, name] }, before: [before] }
}

/** Tile repeated one axis. */
function tile(node: RawNode, context: ConvertContext): Partial<RawNode> {
  const [x = '', tiles = '', axis = ''] = node.inputs
  const [times, along] = [context.value(tiles), context.value(axis)]
  if (times?.data.length !== 1 || along?.data.length !== 1) refuse(node, 'its repeats are not constant')
  const repeats = context.typeOf(x).shape.map((_, i) => (i === Number(along.data[0]) ? Number(times.data[0]) : 1))
  const name = context.addConstant(`${node.outputs[0]}_repeats`, fromNumbers('int64', [repeats.length], repeats))
  return { inputs: [x, name], attributes: {} }
}
