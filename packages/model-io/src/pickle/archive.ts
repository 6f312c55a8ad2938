import { TacoError } from '@tacojs/errors'
import type { Ranges } from '../files/ranges.js'
import { MAX_PICKLE, type Checkpoint } from './checkpoint.js'
import { storageBytes } from './rebuild.js'
import { unpickle } from './unpickle.js'
import { checkEntry, readEntry, readZip, type ZipEntry } from './zip.js'

/** Longer than any text in the archive. */
const MAX_TEXT = 64

/**
 * What torch.save writes since version 1.6: a zip archive of one folder with `data.pkl`, `byteorder`, and a file
 * `data/<key>` for each storage.
 */
export async function openArchive(file: Ranges, where: string): Promise<Checkpoint> {
  const entries = await readZip(file, where)
  const pickles = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name))
  if (pickles.length !== 1) {
    throw new TacoError('INVALID_DATA', `${where} is a zip archive, but none of torch.save: it has no data.pkl`)
  }
  const folder = pickles[0]!.slice(0, -'data.pkl'.length)
  const invalid = (why: string) => new TacoError('INVALID_DATA', `${where} is no valid archive of torch.save: ${why}`)
  /** A small file of the archive, its checksum being right. */
  const small = async (entry: ZipEntry, limit: number): Promise<Uint8Array> => {
    if (entry.size > limit) throw invalid(`'${entry.name}' takes ${entry.size} bytes, at most ${limit} are allowed`)
    const bytes = await readEntry(file, entry, 0, entry.size)
    await checkEntry(file, entry, where, bytes)
    return bytes
  }
  if (entries.has(`${folder}constants.pkl`)) {
    throw new TacoError(
      'UNSUPPORTED',
      `${where} is a TorchScript program, which would have to be run: save the model's state_dict() or export it to ONNX`,
    )
  }
  const order = entries.get(`${folder}byteorder`)
  if (order && new TextDecoder().decode(await small(order, MAX_TEXT)) !== 'little') {
    throw new TacoError(
      'UNSUPPORTED',
      `${where} was written on a machine with another byte order: save it on a usual one`,
    )
  }
  const { value } = unpickle(await small(entries.get(pickles[0]!)!, MAX_PICKLE), where)
  const checked = new Set<string>()
  return {
    value,
    read: async (storage, begin, length) => {
      const name = `${folder}data/${storage.key}`
      const entry = entries.get(name)
      const size = storageBytes(storage)
      if (!entry || entry.size < size) {
        const found = entry ? `has ${entry.size} bytes of ${size}` : 'is missing'
        throw invalid(`the storage '${name.replace(/\p{Cc}/gu, '?').slice(0, 120)}' ${found}`)
      }
      const bytes = await readEntry(file, entry, begin, length)
      if (!checked.has(name)) await checkEntry(file, entry, where, length === entry.size ? bytes : undefined)
      checked.add(name)
      return bytes
    },
  }
}
