import type { TacoError } from '@tacojs/errors'
import { storedBytes, type StoredType } from '../stored-type.js'
import { Global, StorageRef, TensorRef, type Value } from './values.js'

const MAX_RANK = 8

/** Makes the error for what is wrong with the file. */
export type Invalid = (why: string) => TacoError

/** What torch writes for a storage: ('storage', type, key, device, elements, and in old files a view, which must be none). */
export function storageOf(id: Value, invalid: Invalid): StorageRef {
  const [tag, type, key, , numel, view] = Array.isArray(id) ? id : []
  const isStorage = tag === 'storage' && type instanceof Global && type.kind === 'storage'
  if (!isStorage || typeof key !== 'string' || !isCount(numel) || view !== undefined) {
    throw invalid('a persistent id is no storage')
  }
  return new StorageRef(key, type.type!, numel)
}

/**
 * What `kind` makes of its arguments, as data.
 *
 * @param made counts what is made
 */
export function rebuild({ name, kind }: Global, args: Value, invalid: Invalid, made: (items: number) => void): Value {
  if (!Array.isArray(args)) throw invalid(`${name} is given no tuple of arguments`)
  switch (kind) {
    case 'dict':
      if (args.length === 0) return new Map()
      if (Array.isArray(args[0])) made(args[0].length)
      return mapOf(args[0], () => invalid(`${name} is given something other than pairs`))
    case 'size':
      return args[0]
    case 'parameter':
      if (args[0] instanceof TensorRef) return args[0]
      throw invalid(`${name} is given no tensor`)
    case 'tensor':
    case 'typed tensor': {
      const type = kind === 'tensor' ? undefined : args[6]
      if (type !== undefined && !(type instanceof Global && type.kind === 'dtype')) {
        throw invalid(`${name} is given no data type`)
      }
      return tensorOf(args, type?.type as StoredType | undefined, invalid)
    }
    default:
      throw invalid(`it calls ${name}, which is no function`)
  }
}

function mapOf(pairs: Value, error: () => TacoError): Map<Value, Value> {
  const isPair = (pair: Value): pair is [Value, Value] => Array.isArray(pair) && pair.length === 2
  if (!Array.isArray(pairs) || !pairs.every(isPair)) throw error()
  return new Map(pairs)
}

/** (storage, offset, shape, strides, …) → a view that is known to lie inside of its storage. */
function tensorOf(
  [storage, offset, shape, strides]: Value[],
  stated: StoredType | undefined,
  invalid: Invalid,
): TensorRef {
  if (!(storage instanceof StorageRef)) throw invalid('a tensor has no storage')
  const type = stated ?? storage.type
  if (type === 'bytes') throw invalid('a tensor has no data type')
  // first, since a long list may be named many times
  if (Array.isArray(shape) && shape.length > MAX_RANK) {
    throw invalid(`a tensor has ${shape.length} axes, at most ${MAX_RANK} are allowed`)
  }
  if (!isCount(offset) || !isCounts(shape) || !isCounts(strides) || shape.length !== strides.length) {
    throw invalid('a tensor has no offset, shape and strides of whole numbers')
  }
  const size = storedBytes(type)
  if (storage.type !== 'bytes' && storedBytes(storage.type) !== size) {
    throw invalid('a tensor has elements of another size than its storage')
  }
  const elements = storage.type === 'bytes' ? Math.floor(storage.numel / size) : storage.numel
  const count = shape.reduce((product, s) => product * s, 1)
  const last = shape.reduce((sum, s, i) => sum + (s - 1) * strides[i]!, offset)
  if (!Number.isSafeInteger(count * size)) throw invalid('a tensor has more than 2^53 bytes')
  if (count > 0 && !(last < elements)) {
    throw invalid(`a tensor reaches to element ${last} of a storage of ${elements}`)
  }
  return new TensorRef(storage, type, offset, shape, strides)
}

const isCount = (value: Value): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isCounts = (value: Value): value is number[] =>
  Array.isArray(value) && value.length <= MAX_RANK && value.every(isCount)

/** Bytes that a storage takes. */
export const storageBytes = ({ type, numel }: StorageRef): number => numel * (type === 'bytes' ? 1 : storedBytes(type))
