import { TacoError } from '@tacojs/errors'
import { showShape } from '../dims.js'
import type { Node, ValueType } from '../graph.js'
import { intsAttribute } from './attributes.js'
import type { AttributeType, OpDefinition } from './definition.js'
import { windowAttributes, windowOutput } from './window.js'

const spatial = (node: Node, x: ValueType): readonly (number | string)[] => {
  if (x.shape.length < 3) {
    throw new TacoError(
      'SHAPE_MISMATCH',
      `node '${node.name}' (${node.op}) needs [N, C, ...], got ${showShape(x.shape)}`,
    )
  }
  return x.shape.slice(2)
}

const pool = (op: string, attributes: Readonly<Record<string, AttributeType>>): OpDefinition => ({
  op,
  domain: '',
  inputs: [1, 1],
  outputs: [1, 1],
  attributes: { ...windowAttributes, ceil_mode: 'int', ...attributes },
  infer: ({ node, inputs: [x] }) => {
    const sizes = spatial(node, x!)
    const kernel = intsAttribute(node, 'kernel_shape')
    if (kernel.length !== sizes.length) {
      throw new TacoError(
        'SHAPE_MISMATCH',
        `node '${node.name}' (${op}): kernel ${showShape(kernel)} does not fit ${showShape(x!.shape)}`,
      )
    }
    return [{ dtype: x!.dtype, shape: [...x!.shape.slice(0, 2), ...windowOutput(node, sizes, kernel)] }]
  },
})

const globalPool = (op: string): OpDefinition => ({
  op,
  domain: '',
  inputs: [1, 1],
  outputs: [1, 1],
  attributes: {},
  infer: ({ node, inputs: [x] }) => [
    { dtype: x!.dtype, shape: [...x!.shape.slice(0, 2), ...spatial(node, x!).map(() => 1)] },
  ],
})

export const pooling: readonly OpDefinition[] = [
  pool('MaxPool', { storage_order: 'int' }),
  pool('AveragePool', { count_include_pad: 'int' }),
  globalPool('GlobalAveragePool'),
  globalPool('GlobalMaxPool'),
]
