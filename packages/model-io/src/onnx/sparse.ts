import { TacoError } from '@tacojs/errors'
import { bytesPerElement, sizeOf, zeros, type Tensor } from '@tacojs/graph'
import { checkedShape, readTensor, type LoadExternal } from './tensor-data.js'
import type { Int64, SparseTensorProto } from './proto.js'

/**
 * The dense form of a sparse tensor in coordinate form: values [nnz] and indices, linear [nnz] or one row of coordinates
 * per value [nnz, rank]. `budget.bytes` is what may still be allocated: a few bytes of file must not ask for gigabytes.
 */
export function readSparse(
  proto: SparseTensorProto,
  where: string,
  budget: { bytes: number },
  loadExternal?: LoadExternal,
): Tensor {
  const shape = checkedShape((proto.dims ?? []) as Int64[], where)
  const values = readTensor(proto.values ?? {}, `the values of ${where}`, loadExternal)
  const indices = readTensor(proto.indices ?? {}, `the indices of ${where}`, loadExternal)
  const nonzeros = values.data.length
  const width = indices.shape.length === 1 ? 1 : shape.length
  if (indices.dtype !== 'int64' || indices.data.length !== nonzeros * width || indices.shape[0] !== nonzeros) {
    throw new TacoError('INVALID_MODEL', `the indices of ${where} do not fit its ${nonzeros} values`)
  }
  budget.bytes -= sizeOf(shape) * bytesPerElement(values.dtype)
  if (budget.bytes < 0) {
    throw new TacoError('UNSUPPORTED', `${where} is far larger than its file when dense: store it as a dense tensor`)
  }
  const dense = zeros(values.dtype, shape)
  for (let i = 0; i < nonzeros; i++) {
    let at = 0
    for (let k = 0; k < width; k++) {
      const size = width === 1 ? dense.data.length : shape[k]!
      const index = Number(indices.data[i * width + k])
      if (index < 0 || index >= size) {
        throw new TacoError('INVALID_MODEL', `${where} has the index ${index}, outside of its ${size} elements`)
      }
      at = at * size + index
    }
    dense.data[at] = values.data[i]!
  }
  return dense
}
