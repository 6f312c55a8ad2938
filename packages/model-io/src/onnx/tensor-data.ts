import { TacoError } from '@tacojs/errors'
import { fromNumbers, tensor, type Tensor } from '@tacojs/graph'
import { widenBfloat16, widenHalf } from '../float16.js'
import { storedBytes, tensorFromBytes, zerosAndOnes, type StoredType } from '../stored-type.js'
import { storageOf } from './data-types.js'
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
  const bytes = rawBytes(proto, count * storedBytes(storage.type), where, loadExternal)
  if (bytes) return tensorFromBytes(storage.type, shape, bytes)
  const values = (proto[storage.field] ?? []) as readonly Int64[]
  if (values.length !== count) {
    throw new TacoError(
      'INVALID_MODEL',
      `${where} holds ${values.length} values where its shape [${shape.join(', ')}] needs ${count}`,
    )
  }
  return fromValues(storage.type, shape, values, where)
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

function fromValues(type: StoredType, shape: number[], values: readonly Int64[], where: string): Tensor {
  if (type === 'float16') return tensor('float32', shape, widenHalf(values as number[]))
  if (type === 'bfloat16') return tensor('float32', shape, widenBfloat16(values as number[]))
  if (type === 'int64') return tensor(type, shape, BigInt64Array.from(values, toBigInt))
  if (type === 'uint64') return tensor(type, shape, BigUint64Array.from(values, toBigInt))
  const numbers = values.map(toNumber)
  if (type === 'bool') return tensor(type, shape, zerosAndOnes(numbers))
  const read = fromNumbers(type, shape, numbers)
  const wrong = type.startsWith('float') ? -1 : numbers.findIndex((v, i) => v !== read.data[i])
  if (wrong < 0) return read
  throw new TacoError('INVALID_MODEL', `${where} holds ${numbers[wrong]}, which does not fit its data type ${type}`)
}
