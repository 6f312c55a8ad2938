import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'

/**
 * Whether a file is what its etag says: 64 digits are the SHA-256 of the content (LFS), 40 are git's object id, SHA-1 of
 * `blob <size>\0` and the content. Any other etag is a mirror's own and says nothing.
 */
export async function matchesEtag(path: string, etag: string): Promise<boolean> {
  const isSha256 = /^[0-9a-f]{64}$/.test(etag)
  if (!isSha256 && !/^[0-9a-f]{40}$/.test(etag)) return true
  const hash = createHash(isSha256 ? 'sha256' : 'sha1')
  if (!isSha256) hash.update(`blob ${(await stat(path)).size}\0`)
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex') === etag
}
