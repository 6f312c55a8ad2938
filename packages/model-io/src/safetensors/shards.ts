import { TacoError } from '@tacojs/errors'

/**
 * Weights in several files: an index, `{ "weight_map": { name: file } }`, says which weight is in which. The files are
 * beside the index, so only plain names are taken.
 *
 * @returns the file of each weight. Throws INVALID_DATA, naming the entry
 */
export function parseShards(json: unknown, where: string): ReadonlyMap<string, string> {
  const map = typeof json === 'object' && json !== null ? (json as { weight_map?: unknown }).weight_map : undefined
  if (typeof map !== 'object' || map === null || Array.isArray(map)) {
    throw new TacoError('INVALID_DATA', `${where} is no index of weights: it has no weight_map`)
  }
  const shards = new Map(Object.entries(map))
  if (shards.size === 0) throw new TacoError('INVALID_DATA', `${where} is an index of no weights`)
  for (const [weight, file] of shards) {
    if (isPlainName(file)) continue
    throw new TacoError(
      'INVALID_DATA',
      `${where}: weight_map places '${weight}' in ${JSON.stringify(file)}, the name of a file beside it is needed`,
    )
  }
  return shards as Map<string, string>
}

const isPlainName = (file: unknown): boolean =>
  typeof file === 'string' && /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}\.(safetensors|bin)$/.test(file)
