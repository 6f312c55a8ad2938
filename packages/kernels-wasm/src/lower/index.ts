import { opDefinition, type Graph, type Node } from '@tacojs/graph'
import { lowerAttention } from './attention.js'
import { binaryKind, lowerBinary, lowerPow } from './binary.js'
import { convUnsupported, lowerConv } from './conv.js'
import type { Context } from './context.js'
import { unaryOf } from './epilogue.js'
import { functions } from './functions.js'
import { lowerOnHost } from './host.js'
import { lowerGemm, lowerLinear, lowerMatMul } from './linear.js'
import {
  lowerConcat,
  lowerDepthToSpace,
  lowerExpand,
  lowerGather,
  lowerPad,
  lowerReshape,
  lowerSlice,
  lowerSpaceToDepth,
  lowerSplit,
  lowerTile,
  lowerTranspose,
} from './movement.js'
import {
  lowerBatchNormalization,
  lowerInstanceNormalization,
  lowerLayerNormalization,
  lowerLogSoftmax,
  lowerSoftmax,
} from './normalization.js'
import { lowerPool, poolUnsupported } from './pooling.js'
import { canReduce, lowerReduce } from './reduce.js'
import { lowerUnary } from './unary.js'

type Lower = (c: Context, node: Node) => boolean | void

/** How each operator becomes commands; one that returns false, or is not here, is computed on the host. */
const table: Readonly<Record<string, Lower>> = {
  Conv: lowerConv,
  Linear: lowerLinear,
  Gemm: lowerGemm,
  MatMul: lowerMatMul,
  Attention: lowerAttention,
  LayerNormalization: lowerLayerNormalization,
  InstanceNormalization: lowerInstanceNormalization,
  BatchNormalization: lowerBatchNormalization,
  Softmax: lowerSoftmax,
  LogSoftmax: lowerLogSoftmax,
  MaxPool: lowerPool,
  AveragePool: lowerPool,
  Reshape: lowerReshape,
  Flatten: lowerReshape,
  Squeeze: lowerReshape,
  Unsqueeze: lowerReshape,
  Identity: lowerReshape,
  Dropout: lowerReshape,
  Transpose: lowerTranspose,
  Slice: lowerSlice,
  Split: lowerSplit,
  Gather: lowerGather,
  Concat: lowerConcat,
  Pad: lowerPad,
  Expand: lowerExpand,
  ExpandBatch: lowerExpand,
  Tile: lowerTile,
  DepthToSpace: lowerDepthToSpace,
  SpaceToDepth: lowerSpaceToDepth,
  Pow: lowerPow,
}

/** Operators without an evaluation on the host: what kernels cannot do of them is refused. */
export function unsupportedReason(
  node: Node,
  graph: Graph,
  shapeOf: (name: string) => readonly unknown[] | undefined,
): string | undefined {
  const name = node.domain ? `${node.domain}.${node.op}` : node.op
  switch (node.op) {
    case 'Conv':
      if (node.inputs[2] && !graph.initializers.has(node.inputs[2])) return 'Conv with a computed bias'
      return convUnsupported(node, graph.initializers.has(node.inputs[1]!) ? shapeOf(node.inputs[1]!) : undefined)
    case 'MaxPool':
    case 'AveragePool':
      return poolUnsupported(node)
  }
  const known = node.op in table || canReduce(node.op) || binaryKind(node) !== undefined
  const host = opDefinition(node.op, node.domain)?.evaluate !== undefined
  return known || host || functions.has(node.op) ? undefined : `no kernel for operator ${name}`
}

/** Plans one node: views, commands, or work on the host. */
export function lower(c: Context, node: Node): void {
  const { p } = c
  p.current = node.name
  const empty = (name: string): boolean => {
    const type = p.types.get(name)
    return type?.dtype === 'float32' && type.shape.includes(0)
  }
  // of an empty batch there is nothing to compute
  if (node.outputs.every(empty)) {
    for (const name of node.outputs) p.set(name, p.plain(p.shapeOf(name)))
    return
  }
  const floats = [...node.inputs, ...node.outputs].filter(
    (name, i) => name !== '' && (i >= node.inputs.length || isData(node, i)),
  )
  const onDevice = floats.every((name) => p.types.get(name)?.dtype === 'float32')
  if (onDevice && !floats.some((name) => p.values.has(name) && p.onHost(name))) {
    const known =
      table[node.op] ?? (canReduce(node.op) ? lowerReduce : binaryKind(node) !== undefined ? lowerBinary : undefined)
    if (known) {
      if (known(c, node) !== false) return
    } else if (functions.has(node.op) && unaryOf(node, p)) return lowerUnary(c, node)
  }
  lowerOnHost(c, node)
}

/** Inputs that are data rather than shapes, axes and indices. */
function isData(node: Node, i: number): boolean {
  switch (node.op) {
    case 'Reshape':
    case 'Squeeze':
    case 'Unsqueeze':
    case 'Expand':
    case 'ExpandBatch':
    case 'Tile':
    case 'Slice':
    case 'Split':
    case 'Gather':
    case 'Pad':
    case 'Dropout':
      return i === 0
    default:
      return !(canReduce(node.op) && i > 0)
  }
}
