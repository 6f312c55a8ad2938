import type { Tensor } from '@tacojs/graph'
import { openRanges } from '../files/ranges.js'
import { writeFileAtomic } from '../files/write.js'
import { tensorFromBytes } from '../stored-type.js'
import { decodeSafetensors, type Safetensors } from './decode.js'
import { encodeSafetensors } from './encode.js'
import { headerLength, parseHeader } from './header.js'

/**
 * Reads a file, or bytes that are already here. Of a file the header is checked first, then a tensor at a time is read,
 * so that it is never in memory twice. Errors as in `decodeSafetensors`, NOT_FOUND and IO for the file.
 */
export async function readSafetensors(source: string | Uint8Array): Promise<Safetensors> {
  if (typeof source !== 'string') return decodeSafetensors(source)
  const file = await openRanges(source)
  try {
    const where = `'${source}'`
    const start = 8 + headerLength(await file.read(0, Math.min(8, file.size)), file.size, where)
    const { entries, metadata } = parseHeader(await file.read(8, start - 8), file.size - start, where)
    const tensors = new Map<string, Tensor>()
    for (const { name, type, shape, begin, end } of entries) {
      tensors.set(name, tensorFromBytes(type, shape, await file.read(start + begin, end - begin)))
    }
    return { tensors, metadata }
  } finally {
    await file.close()
  }
}

/** Writes a file in one step: it is there whole, or as it was before. Throws IO. */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata?: ReadonlyMap<string, string>,
): Promise<void> {
  await writeFileAtomic(path, encodeSafetensors(tensors, metadata))
}
