import { TacoError } from '@tacojs/errors'

/**
 * The array that holds each data type. `bool` is one byte per element, 0 or 1. fp16 and bf16 are widened to float32
 * when read.
 */
export interface DataOf {
  float32: Float32Array
  float64: Float64Array
  int8: Int8Array
  uint8: Uint8Array
  int16: Int16Array
  uint16: Uint16Array
  int32: Int32Array
  uint32: Uint32Array
  int64: BigInt64Array
  uint64: BigUint64Array
  bool: Uint8Array
}
export type DType = keyof DataOf

/** Row-major. Nothing else travels between rooms. */
export interface Tensor<D extends DType = DType> {
  readonly dtype: D
  readonly shape: readonly number[]
  readonly data: DataOf[D]
}

const arrays: { readonly [D in DType]: { new (length: number): DataOf[D]; readonly BYTES_PER_ELEMENT: number } } = {
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

export const bytesPerElement = (dtype: DType): number => arrays[dtype].BYTES_PER_ELEMENT

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1
  for (const dim of shape) size *= dim
  return size
}

/** A tensor over the given data (not copied). Throws SHAPE_MISMATCH when the length does not fit the shape. */
export function tensor<D extends DType>(dtype: D, shape: readonly number[], data: DataOf[D]): Tensor<D> {
  if (data.length !== sizeOf(shape)) {
    throw new TacoError(
      'SHAPE_MISMATCH',
      `a tensor of shape [${shape.join(', ')}] needs ${sizeOf(shape)} elements, got ${data.length}`,
    )
  }
  return { dtype, shape, data }
}

export const float32 = (shape: readonly number[], data: Float32Array | readonly number[]): Tensor<'float32'> =>
  tensor('float32', shape, data instanceof Float32Array ? data : Float32Array.from(data))

export const int64 = (shape: readonly number[], values: readonly number[]): Tensor<'int64'> =>
  tensor(
    'int64',
    shape,
    BigInt64Array.from(values, (v) => toBigInt(v, 'int64')),
  )

export function zeros<D extends DType>(dtype: D, shape: readonly number[]): Tensor<D> {
  return { dtype, shape, data: new arrays[dtype](sizeOf(shape)) }
}

/** The elements as numbers. int64 beyond 2^53 loses precision, as in every number of JavaScript. */
export function toNumbers(t: Tensor): number[] {
  return Array.from(t.data as ArrayLike<number | bigint>, Number)
}

const bounds = {
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
} as const

/** Truncated, and held to the type's range, so that "to the end" (2^63 - 1) stays that on the way through numbers. */
function toBigInt(value: number, dtype: 'int64' | 'uint64'): bigint {
  const [low, high] = bounds[dtype]
  if (Number.isNaN(value)) return 0n
  if (value <= Number(low)) return low
  return value >= Number(high) ? high : BigInt(Math.trunc(value))
}

/** Builds a tensor of any data type from numbers (truncated towards zero for integer types). */
export function fromNumbers<D extends DType>(
  dtype: D,
  shape: readonly number[],
  values: readonly number[] | Float64Array,
): Tensor<D> {
  const out = zeros(dtype, shape)
  const data = out.data as { [index: number]: number | bigint }
  const float = dtype === 'float32' || dtype === 'float64'
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!
    if (dtype === 'int64' || dtype === 'uint64') data[i] = toBigInt(v, dtype)
    else data[i] = dtype === 'bool' ? (v ? 1 : 0) : float ? v : Math.trunc(v)
  }
  return out
}
