import { number, same, type Converter } from './converter.js'

/**
 * Before opset 13 the input was taken as a matrix, flattened at `axis` (1 where absent), and rows were normalised.
 * For the last axis that is today's meaning; else the same is written out with Flatten and Reshape.
 */
export const softmax: Converter = (node, context) => {
  if (node.opset >= 13) return [same(node)]
  const axis = number(node, 'axis', 1)
  const [x = ''] = node.inputs
  if (axis === -1 || axis === context.typeOf(x).shape.length - 1) return [same(node, { attributes: { axis: -1 } })]
  const [y = ''] = node.outputs
  const [matrix, rows, shape] = ['matrix', 'rows', 'shape'].map((part) => context.freshName(`${y}_${part}`)) as [
    string,
    string,
    string,
  ]
  const step = { name: '', domain: '' as const }
  return [
    { ...step, op: 'Shape', inputs: [x], outputs: [shape], attributes: {} },
    { ...step, op: 'Flatten', inputs: [x], outputs: [matrix], attributes: { axis } },
    same(node, { inputs: [matrix], outputs: [rows], attributes: { axis: 1 } }),
    { ...step, op: 'Reshape', inputs: [rows, shape], outputs: [y], attributes: {} },
  ]
}
