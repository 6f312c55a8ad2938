import type { Tensor } from '@tacojs/graph'
import { readBytes } from '../files/read.js'
import { writeFileAtomic } from '../files/write.js'
import { decodeSafetensors, type Safetensors } from './decode.js'
import { encodeSafetensors } from './encode.js'

/** Reads a file, or bytes that are already here. Errors as in `decodeSafetensors`, NOT_FOUND and IO for the file. */
export async function readSafetensors(source: string | Uint8Array): Promise<Safetensors> {
  return decodeSafetensors(typeof source === 'string' ? await readBytes(source) : source)
}

/** Writes a file in one step: it is there whole, or as it was before. Throws IO. */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata?: ReadonlyMap<string, string>,
): Promise<void> {
  await writeFileAtomic(path, encodeSafetensors(tensors, metadata))
}
