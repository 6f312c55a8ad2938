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
