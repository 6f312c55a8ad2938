import { TacoError } from '@tacojs/errors'
import { tensor, type DataOf, type DType, type Tensor } from '@tacojs/graph'
import { widenBfloat16, widenHalf } from '../float16.js'
import { BFLOAT16, FLOAT16, storageOf } from './data-types.js'
import { toBigInt, toNumber, type Int64, type TensorProto } from './proto.js'

/** Reads a piece of an external data file: exactly the bytes of the tensor, or throws. Location as written in the model. */
export type LoadExternal = (location: string, offset: number, length: number, where: string) => Uint8Array

export const MAX_RANK = 8

/** Checks dims before anything is allocated: rank, signs, and a product that is exact. */
export function checkedShape(dims: readonly Int64[], where: string): number[] {
  if (dims.length > MAX_RANK) {
    throw new TacoError('INVALID_MODEL', `${where} has ${dims.length} dimensions, at most ${MAX_RANK} are allowed`)
  }
  let size = 1
  return dims.map((dim) => {
    const value = toNumber(dim)
    // Zeros are left out of the product, so that [0, 2^40] is not taken for small.
    if (value > 0) size *= value
    if (value < 0 || !Number.isSafeInteger(value) || size > 2 ** 40) {
      throw new TacoError('INVALID_MODEL', `${where} has impossible dimensions [${dims.map(toBigInt).join(', ')}]`)
    }
    return value
  })
}

/**
 * The tensor of a message: raw bytes (little endian, any alignment), typed fields or an external file; fp16 and bf16 are
 * widened to float32. Sizes are compared with the real lengths before anything is allocated.
 * Throws INVALID_MODEL where they differ and UNSUPPORTED for other data types.
 */
export function readTensor(proto: TensorProto, where: string, loadExternal?: LoadExternal): Tensor {
  const code = proto.dataType ?? 0
  if (code === 0) throw new TacoError('INVALID_MODEL', `${where} states no data type`)
  const storage = storageOf(code, where)
  const shape = checkedShape((proto.dims ?? []) as Int64[], where)
  const count = shape.reduce((product, dim) => product * dim, 1)
  const bytes = rawBytes(proto, count * storage.bytes, where, loadExternal)
  if (bytes) return fromBytes(code, storage.dtype, shape, bytes)
  const values = (proto[storage.field] ?? []) as readonly Int64[]
  if (values.length !== count) {
    throw new TacoError(
      'INVALID_MODEL',
      `${where} holds ${values.length} values where its shape [${shape.join(', ')}] needs ${count}`,
    )
  }
  return fromValues(code, storage.dtype, shape, values, where)
}

function rawBytes(proto: TensorProto, length: number, where: string, load?: LoadExternal): Uint8Array | undefined {
  let bytes: Uint8Array
  if (proto.dataLocation === 1) {
    const entries = new Map((proto.externalData ?? []).map((e) => [e.key ?? '', e.value ?? '']))
    const location = entries.get('location')
    if (!location) throw new TacoError('INVALID_MODEL', `${where} is external but names no file`)
    if (!load) throw new TacoError('INVALID_MODEL', `${where} is in the external file "${location}", give its folder`)
    const stated = wholeNumber(entries.get('length') ?? String(length), 'length', where)
    if (stated !== length) {
      throw new TacoError('INVALID_MODEL', `${where} needs ${length} bytes, its external entry states ${stated}`)
    }
    const offset = wholeNumber(entries.get('offset') ?? '0', 'offset', where)
    bytes = load(location, offset, length, where)
  } else if (Object.hasOwn(proto, 'rawData') && proto.rawData) {
    bytes = proto.rawData
    // A writer may leave an empty raw_data beside a typed field.
    if (bytes.length === 0 && length > 0 && hasTypedValues(proto)) return undefined
  } else return undefined
  if (bytes.length !== length) {
    throw new TacoError('INVALID_MODEL', `${where} has ${bytes.length} bytes of data, its shape needs ${length}`)
  }
  return bytes
}

const hasTypedValues = (proto: TensorProto): boolean =>
  [proto.floatData, proto.int32Data, proto.int64Data, proto.doubleData, proto.uint64Data].some((v) => v?.length)

function wholeNumber(text: string, key: string, where: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new TacoError('INVALID_MODEL', `${where} has external ${key} "${text}", a whole number of bytes is needed`)
  }
  return value
}

const arrays = {
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
} as const satisfies { [D in DType]: unknown }

/** `bytes` has the length that shape and data type need. Copies, because the bytes are rarely aligned. */
export function fromBytes(code: number, dtype: DType, shape: readonly number[], bytes: Uint8Array): Tensor {
  const copy = new Uint8Array(bytes).buffer
  if (code === FLOAT16) return tensor('float32', shape, widenHalf(new Uint16Array(copy)))
  if (code === BFLOAT16) return tensor('float32', shape, widenBfloat16(new Uint16Array(copy)))
  const data = new arrays[dtype](copy) as DataOf[DType]
  return tensor(dtype, shape, dtype === 'bool' ? zerosAndOnes(data as Uint8Array) : data)
}

const zerosAndOnes = (values: ArrayLike<number>): Uint8Array => Uint8Array.from(values, (v) => (v ? 1 : 0))

function fromValues(code: number, dtype: DType, shape: number[], values: readonly Int64[], where: string): Tensor {
  if (code === FLOAT16) return tensor('float32', shape, widenHalf(values as number[]))
  if (code === BFLOAT16) return tensor('float32', shape, widenBfloat16(values as number[]))
  if (dtype === 'int64') return tensor(dtype, shape, BigInt64Array.from(values, toBigInt))
  if (dtype === 'uint64') return tensor(dtype, shape, BigUint64Array.from(values, toBigInt))
  const numbers = values.map(toNumber)
  if (dtype === 'bool') return tensor(dtype, shape, zerosAndOnes(numbers))
  const data = new arrays[dtype as Exclude<DType, 'int64' | 'uint64'>](numbers)
  const wrong = dtype.startsWith('float') ? -1 : numbers.findIndex((v, i) => v !== data[i])
  if (wrong >= 0) {
    throw new TacoError('INVALID_MODEL', `${where} holds ${numbers[wrong]}, which does not fit its data type ${dtype}`)
  }
  return tensor<DType>(dtype, shape, data)
}
