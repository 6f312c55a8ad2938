import { TacoError } from '@tacojs/errors'
import type { Ranges } from '../files/ranges.js'
import { MAX_PICKLE, type Checkpoint } from './checkpoint.js'
import { storageBytes } from './rebuild.js'
import { unpickle } from './unpickle.js'

const MAGIC = 0x1950a86a20f9469cfc6cn
const VERSION = 1001

/**
 * What torch.save wrote before version 1.6: five pickles one after the other (a number to know it by, the version, the
 * machine's sizes and byte order, the object, the keys of its storages), then each storage in the order of these keys: the
 * number of elements as int64 and the elements.
 */
export async function openLegacy(file: Ranges, where: string): Promise<Checkpoint> {
  const invalid = (why: string) => new TacoError('INVALID_DATA', `${where} is no valid file of torch.save: ${why}`)
  const bytes = await file.read(0, Math.min(MAX_PICKLE, file.size))
  let end = 0
  const next = (): ReturnType<typeof unpickle> => {
    const pickled = unpickle(bytes, where, end)
    end = pickled.end
    return pickled
  }
  if (next().value !== MAGIC) throw invalid('it does not begin as one')
  if (next().value !== VERSION) throw invalid(`it is of another version than ${VERSION}`)
  const machine = next().value
  if (!(machine instanceof Map) || machine.get('little_endian') !== true) {
    throw new TacoError(
      'UNSUPPORTED',
      `${where} was written on a machine with another byte order: save it on a usual one`,
    )
  }
  const { value, storages } = next()
  const keys = next().value
  if (!Array.isArray(keys)) throw invalid('it has no list of storages')
  const begins = new Map<string, number>()
  for (const key of keys) {
    const storage = storages.get(key as string)
    if (!storage) throw invalid('it lists a storage that no tensor has')
    if (end + 8 > file.size) throw invalid('it ends before its storages do')
    const stated = await file.read(end, 8)
    const numel = new DataView(stated.buffer, stated.byteOffset, 8).getBigInt64(0, true)
    if (numel !== BigInt(storage.numel)) throw invalid(`a storage has ${numel} elements instead of ${storage.numel}`)
    begins.set(storage.key, end + 8)
    end += 8 + storageBytes(storage)
    if (end > file.size) throw invalid('it ends before its storages do')
  }
  return {
    value,
    read: async ({ key }, begin, length) => {
      const at = begins.get(key)
      if (at === undefined) throw invalid('the storage of a tensor is missing')
      return file.read(at + begin, length)
    },
  }
}
