import { TacoError } from '@tacojs/errors'
import type { Tensor } from '@tacojs/graph'
import { dirname, join } from 'node:path'
import { readJson } from '../files/read.js'
import { readStateDict } from '../pickle/state-dict.js'
import { readSafetensors } from '../safetensors/file.js'
import { parseShards } from '../safetensors/shards.js'

/** The files that the weights of a timm model may be in, the preferred ones first. */
export const timmWeightFiles: readonly string[] = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
  'model.pth',
]

export const isShardIndex = (file: string): boolean => file.endsWith('.index.json')

/**
 * The weights in a file, by its name's end: safetensors, an index of several files, else what torch.save writes.
 *
 * @throws INVALID_DATA, UNSUPPORTED, NOT_FOUND, IO
 */
export async function readTimmWeights(file: string): Promise<ReadonlyMap<string, Tensor>> {
  if (file.endsWith('.safetensors')) return (await readSafetensors(file)).tensors
  if (!isShardIndex(file)) return readStateDict(file)
  const shards = parseShards(await readJson(file), file)
  const tensors = new Map<string, Tensor>()
  for (const part of new Set(shards.values())) {
    const path = join(dirname(file), part)
    for (const [name, tensor] of await readTimmWeights(path)) {
      if (shards.get(name) !== part) {
        throw new TacoError('INVALID_DATA', `${path} holds '${name}', which ${file} does not place there`)
      }
      tensors.set(name, tensor)
    }
  }
  for (const [name, part] of shards) {
    if (!tensors.has(name)) throw new TacoError('INVALID_DATA', `${file} places '${name}' in ${part}, which lacks it`)
  }
  return tensors
}
