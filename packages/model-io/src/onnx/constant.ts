import { TacoError } from '@tacojs/errors'
import { float32, int64, type Tensor } from '@tacojs/graph'
import { toBigInt, type AttributeProto, type Int64 } from './proto.js'
import { readSparse } from './sparse.js'
import { readTensor, type LoadExternal } from './tensor-data.js'

/** The value of a Constant node, in any of the forms that ONNX has had. */
export function readConstant(
  attributes: readonly AttributeProto[],
  where: string,
  budget: { bytes: number },
  load?: LoadExternal,
): Tensor {
  if (attributes.length !== 1) throw new TacoError('INVALID_MODEL', `${where} must have exactly one value`)
  const a = attributes[0]!
  switch (a.name) {
    case 'value':
      return readTensor(a.t ?? {}, `the value of ${where}`, load)
    case 'sparse_value':
      return readSparse(a.sparseTensor ?? {}, `the value of ${where}`, budget, load)
    case 'value_float':
      return float32([], [a.f ?? 0])
    case 'value_floats':
      return float32([a.floats?.length ?? 0], a.floats ?? [])
    case 'value_int':
      return ints([], [(a.i ?? 0) as Int64])
    case 'value_ints':
      return ints([a.ints?.length ?? 0], (a.ints ?? []) as Int64[])
    default:
      throw new TacoError('UNSUPPORTED', `${where} holds a ${a.name}, which graphs cannot hold`)
  }
}

const ints = (shape: number[], values: readonly Int64[]): Tensor => ({
  ...int64(shape, new Array<number>(values.length).fill(0)),
  data: BigInt64Array.from(values, toBigInt),
})
