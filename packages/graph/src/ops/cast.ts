import { TacoError } from '@tacojs/errors'
import type { Node } from '../graph.js'
import { fromNumbers, toNumbers, type DType } from '../tensor.js'
import { numberAttribute } from './attributes.js'
import type { OpDefinition } from './definition.js'

/** ONNX TensorProto.DataType; fp16 and bf16 are computed in float32. */
const dtypes: Readonly<Record<number, DType>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float32',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  16: 'float32',
}

/** The data type that a Cast node casts to. Throws UNSUPPORTED for one that tensors cannot hold. */
export function castTarget(node: Node): DType {
  const to = numberAttribute(node, 'to')
  const dtype = dtypes[to]
  if (!dtype) throw new TacoError('UNSUPPORTED', `node '${node.name}' casts to data type ${to}, which is not supported`)
  return dtype
}

export const cast: OpDefinition = {
  op: 'Cast',
  domain: '',
  inputs: [1, 1],
  outputs: [1, 1],
  attributes: { to: 'int' },
  infer: ({ node, inputs }) => [{ dtype: castTarget(node), shape: inputs[0]!.shape }],
  evaluate: (node, [x]) => {
    const dtype = castTarget(node)
    return [x!.dtype === dtype ? x! : fromNumbers(dtype, x!.shape, toNumbers(x!))]
  },
}
