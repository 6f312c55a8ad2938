import { TacoError } from '@tacojs/errors'
import type { Tensor } from '@tacojs/graph'
import { onnx, type TensorProto } from './proto.js'
import { readTensor } from './tensor-data.js'

export interface StoredTensor {
  readonly name: string
  /** TensorProto.DataType of the file: half precision arrives as float32. */
  readonly dataType: number
  readonly tensor: Tensor
}

/**
 * The tensor of a `.pb` file that holds one ONNX TensorProto, as ONNX's own test cases are stored.
 * Throws INVALID_MODEL or UNSUPPORTED.
 */
export function decodeOnnxTensor(bytes: Uint8Array): StoredTensor {
  let proto: TensorProto
  try {
    proto = onnx.TensorProto.decode(bytes)
  } catch (cause) {
    throw new TacoError('INVALID_MODEL', 'not an ONNX tensor, or a damaged one: get the file again', { cause })
  }
  const { name = '', dataType = 0 } = proto
  return { name: name ?? '', dataType: dataType ?? 0, tensor: readTensor(proto, `tensor "${name}"`) }
}
