import type { Node } from '../graph.js'
import { elementwise } from '../ops/elementwise.js'
import type { Coupling } from './coupling.js'
import * as computing from './rules-of-computing.js'
import * as moving from './rules-of-moving.js'
import { View, type Rule, type Surroundings } from './view.js'

const rules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(elementwise.map(({ op }) => [op, computing.allInputs])),
  ...Object.fromEntries(
    ['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare'].map((op) => [
      op,
      computing.reduce,
    ]),
  ),
  Cast: computing.allInputs,
  Gelu: computing.allInputs,
  LayerScale: computing.allInputs,
  Linear: computing.linear,
  Conv: computing.conv,
  MatMul: computing.matMul,
  Attention: computing.attention,
  ExpandBatch: moving.expandBatch,
  LayerNormalization: computing.layerNormalization,
  BatchNormalization: computing.perChannel,
  InstanceNormalization: computing.perChannel,
  MaxPool: computing.perChannel,
  AveragePool: computing.perChannel,
  GlobalAveragePool: computing.perChannel,
  GlobalMaxPool: computing.perChannel,
  Softmax: computing.softmax,
  LogSoftmax: computing.softmax,
  Reshape: moving.reshape,
  Flatten: moving.reshape,
  Squeeze: moving.squeeze,
  Unsqueeze: moving.squeeze,
  Transpose: moving.transpose,
  Concat: moving.concat,
  Split: moving.split,
  Slice: moving.slice,
  Gather: moving.gather,
  Pad: moving.pad,
}

/**
 * Which elements of a node's values only make sense together. An axis that no coupling names cannot lose elements
 * without changing what the node computes for the others; operators that are not listed have no couplings at all.
 */
export function couplings(node: Node, around: Surroundings): Coupling[] {
  return rules[node.op]?.(new View(node, around)) ?? []
}

/** Whether a node's couplings are others when other elements are marked. */
export const dependsOnMarks = ({ op }: Node): boolean => rules[op] === moving.reshape
