export {
  bytesPerElement,
  float32,
  fromNumbers,
  int64,
  sizeOf,
  tensor,
  toNumbers,
  zeros,
  type DataOf,
  type DType,
  type Tensor,
} from './tensor.js'
export {
  OPSET,
  type Attribute,
  type Dim,
  type Domain,
  type Graph,
  type Initializer,
  type Node,
  type Sparsity,
  type ValueInfo,
  type ValueType,
} from './graph.js'
export type { AttributeType, InferContext, OpDefinition } from './ops/definition.js'
export { opDefinition, opDefinitions } from './ops/index.js'
export { intsAttribute, numberAttribute, stringAttribute, tensorAttribute } from './ops/attributes.js'
export { windowOf, type WindowSpec } from './ops/window.js'
export { sliceRanges } from './ops/slicing.js'
export { castTarget } from './ops/cast.js'
export { createGraph, node, withInitializers } from './build.js'
export { sizesOf, sizeWith } from './dims.js'
export { createAnalyzer, inferTypes, type Analyzer } from './infer.js'
export { validateGraph } from './validate.js'
export { optimize, passes, type Pass } from './passes/index.js'
export { expandFused } from './expand-fused.js'
export { subgraph } from './subgraph.js'
export { gradient, type Gradient, type GradientOptions } from './gradient/gradient.js'
export { prunableLayers, type PrunableLayer } from './prunable-layers.js'
export { channelGroups, type ChannelGroup, type ChannelUnit } from './channels/channel-groups.js'
export { removeUnits } from './channels/remove-units.js'
export type { Cut } from './channels/spread.js'
export { residualWrites, type ResidualStep, type ResidualWrite } from './residual-writes.js'
export { restrictHead } from './restrict-head.js'
export { costs, totalCosts, type LayerCost, type TotalCost } from './costs.js'
