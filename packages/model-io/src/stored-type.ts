import { bytesPerElement, tensor, type DataOf, type DType, type Tensor } from '@tacojs/graph'
import { widenBfloat16, widenHalf } from './float16.js'

/** An element type in a file: what graphs hold, and the 16-bit floats that are widened to float32 when read. */
export type StoredType = DType | 'float16' | 'bfloat16'

export const widened = (type: StoredType): DType => (type === 'float16' || type === 'bfloat16' ? 'float32' : type)

export const storedBytes = (type: StoredType): number =>
  type === 'float16' || type === 'bfloat16' ? 2 : bytesPerElement(type)

const arrays: { readonly [D in DType]: new (buffer: ArrayBuffer) => DataOf[D] } = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
}

/** Little-endian, row-major elements at any alignment → a tensor with a copy. The length must fit the shape. */
export function tensorFromBytes(type: StoredType, shape: readonly number[], bytes: Uint8Array): Tensor {
  const copy = new Uint8Array(bytes).buffer
  if (type === 'float16') return tensor('float32', shape, widenHalf(new Uint16Array(copy)))
  if (type === 'bfloat16') return tensor('float32', shape, widenBfloat16(new Uint16Array(copy)))
  if (type === 'bool') return tensor('bool', shape, zerosAndOnes(new Uint8Array(copy)))
  return tensor<DType>(type, shape, new arrays[type](copy))
}

export const zerosAndOnes = (values: ArrayLike<number>): Uint8Array => Uint8Array.from(values, (v) => (v ? 1 : 0))

/** The bytes of a tensor's elements, little endian, not copied. */
export const bytesOf = ({ data }: Tensor): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
