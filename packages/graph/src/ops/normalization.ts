import { TacoError } from '@tacojs/errors'
import { broadcastShapes, compatible, normalizeAxis, showShape } from '../dims.js'
import type { Node, ValueType } from '../graph.js'
import { numberAttribute } from './attributes.js'
import type { OpDefinition } from './definition.js'

const perChannel = (node: Node, x: ValueType, parameters: readonly (ValueType | undefined)[]): void => {
  for (const p of parameters) {
    if (p && !(p.shape.length === 1 && x.shape.length > 1 && compatible(p.shape[0]!, x.shape[1]!))) {
      throw new TacoError(
        'SHAPE_MISMATCH',
        `node '${node.name}' (${node.op}): a parameter of shape ${showShape(p.shape)} does not fit ${showShape(x.shape)}`,
      )
    }
  }
}

export const normalization: readonly OpDefinition[] = [
  {
    op: 'BatchNormalization',
    domain: '',
    inputs: [5, 5],
    outputs: [1, 1],
    attributes: { epsilon: 'float', momentum: 'float', training_mode: 'int' },
    infer: ({ node, inputs: [x, ...parameters] }) => {
      if (numberAttribute(node, 'training_mode', 0) !== 0)
        throw new TacoError(
          'UNSUPPORTED',
          `node '${node.name}' (BatchNormalization) is in training mode; export the model for inference`,
        )
      perChannel(node, x!, parameters)
      return [x!]
    },
  },
  {
    op: 'InstanceNormalization',
    domain: '',
    inputs: [3, 3],
    outputs: [1, 1],
    attributes: { epsilon: 'float' },
    infer: ({ node, inputs: [x, ...parameters] }) => {
      perChannel(node, x!, parameters)
      return [x!]
    },
  },
  {
    op: 'LayerNormalization',
    domain: '',
    inputs: [2, 3],
    outputs: [1, 1],
    attributes: { axis: 'int', epsilon: 'float', stash_type: 'int' },
    infer: ({ node, inputs: [x, ...parameters] }) => {
      const axis = normalizeAxis(numberAttribute(node, 'axis', -1), x!.shape.length, `node '${node.name}'`)
      const normalized = x!.shape.slice(axis)
      for (const p of parameters) {
        const shape = p && broadcastShapes([normalized, p.shape], `node '${node.name}' (LayerNormalization)`)
        if (shape && shape.some((d, i) => !compatible(d, normalized[i] ?? 1)))
          throw new TacoError(
            'SHAPE_MISMATCH',
            `node '${node.name}' (LayerNormalization): a parameter of shape ${showShape(p.shape)} does not fit ${showShape(x!.shape)}`,
          )
      }
      return [x!]
    },
  },
  ...['Softmax', 'LogSoftmax'].map((op): OpDefinition => ({
    op,
    domain: '',
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { axis: 'int' },
    infer: ({ node, inputs: [x] }) => {
      normalizeAxis(numberAttribute(node, 'axis', -1), x!.shape.length, `node '${node.name}'`)
      return [x!]
    },
  })),
]
