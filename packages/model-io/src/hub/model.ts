import { TacoError } from '@tacojs/errors'
import { statfs } from 'node:fs/promises'
import { readJson } from '../files/read.js'
import { parseShards } from '../safetensors/shards.js'
import { readTimmConfig } from '../timm/config.js'
import { familyOf } from '../timm/families.js'
import { isShardIndex, timmWeightFiles } from '../timm/weights.js'
import { onDisk, repoCache, type RepoCache } from './cache.js'
import { connect, type Connection, type RemoteFile } from './connection.js'
import { download } from './download.js'
import { isCommit, parseHubReference } from './reference.js'
import { hubSettings, type HubSettings } from './settings.js'
import { Unreachable } from './unreachable.js'

/** As for the header of safetensors. */
const MAX_JSON = 25_000_000

/** How far the download of a model's weights is. */
export interface HubProgress {
  readonly file: string
  /** In bytes, of all files of the weights together; what was here already counts as done. */
  readonly done: number
  readonly total: number
  /** From the pace so far; undefined before anything has come. */
  readonly secondsLeft?: number
}

export interface HubOptions extends Partial<HubSettings> {
  readonly signal?: AbortSignal
  readonly onProgress?: (event: HubProgress) => void
  /** One line that a person should know, such as that the cache stood in for a hub out of reach. */
  readonly onWarning?: (text: string) => void
  /** Waits so many milliseconds before a request is repeated. */
  readonly wait?: (milliseconds: number, signal?: AbortSignal) => Promise<unknown>
}

/**
 * The folder of a timm model of the Hugging Face hub, `hf-hub:owner/name[@revision]`, with config.json and the weights:
 * fetched into the cache that Python's huggingface_hub uses, resumed where it was interrupted, each file checked against
 * the hub's checksum. A model that is in the cache is asked for only to see whether its branch has moved, and serves
 * where the hub cannot be reached. Endpoint, token, cache and offline are those of the environment unless given.
 *
 * @throws INVALID_ARGUMENT for the reference; NOT_FOUND for a repository, revision or file that does not exist, or is not
 *   cached when offline; IO for a gated model, the network or the disk; INVALID_DATA for a wrong checksum or config;
 *   UNSUPPORTED for an architecture that is not read from weights, before the weights are fetched; ABORTED
 */
export async function downloadModel(model: string, options: HubOptions = {}): Promise<string> {
  const reference = parseHubReference(model)
  const { repo, revision } = reference
  const found = await hubSettings(process.env)
  const settings: HubSettings = {
    endpoint: options.endpoint ?? found.endpoint,
    token: options.token ?? found.token,
    cache: options.cache ?? found.cache,
    offline: options.offline ?? found.offline,
  }
  const cache = repoCache(settings.cache, repo)
  const known = isCommit(revision) ? revision : await cache.commitOf(revision)
  const isCached = known !== undefined && (await isComplete(cache, known))
  if (isCached && (settings.offline || isCommit(revision))) return cache.snapshot(known)
  if (settings.offline) {
    throw new TacoError(
      'NOT_FOUND',
      `${repo}@${revision} is not whole in the cache ${settings.cache} and HF_HUB_OFFLINE is set: fetch it once without`,
    )
  }
  try {
    // with something to go on with, a person need not wait for what may not come back
    const connection = connect(settings, reference, { ...options, ...(isCached ? { attempts: 2 } : {}) })
    return await fetchModel(connection, cache, options)
  } catch (error) {
    if (!(error instanceof Unreachable) || !isCached) throw error
    options.onWarning?.(`${error.message}; taking ${repo} as the cache has it, commit ${known.slice(0, 12)}`)
    return cache.snapshot(known)
  }
}

/** Whether a snapshot has the config and the weights, all parts of them. */
async function isComplete(cache: RepoCache, commit: string): Promise<boolean> {
  const has = async (file: string): Promise<boolean> => (await cache.find(commit, file)) !== undefined
  if (!(await has('config.json'))) return false
  for (const name of timmWeightFiles) {
    const file = await cache.find(commit, name)
    if (file === undefined) continue
    if (!isShardIndex(name)) return true
    const parts = await Promise.all([...partsOf(await readJson(file), file)].map(has))
    return parts.every(Boolean)
  }
  return false
}

const partsOf = (index: unknown, where: string): ReadonlySet<string> => new Set(parseShards(index, where).values())

async function fetchModel(hub: Connection, cache: RepoCache, options: HubOptions): Promise<string> {
  const config = await required(hub, 'config.json', hub.revision)
  const { commit } = config
  const whole = cache.snapshot(commit)
  if (!(await isComplete(cache, commit))) {
    const place = async (file: RemoteFile, onBytes?: (bytes: number) => void): Promise<string> => {
      await download(hub, file, cache.blob(file.etag), { signal: options.signal, onBytes })
      return cache.link(commit, file.name, file.etag)
    }
    // what cannot be read need not be fetched
    familyOf(await readTimmConfig(await place(small(hub, config))))
    await fetchAll(await weightFiles(hub, commit, place), cache, place, options)
  }
  // last, so that what the branch was last seen at is always whole
  await cache.setCommit(hub.revision, commit)
  return whole
}

async function required(hub: Connection, name: string, revision: string): Promise<RemoteFile> {
  const file = await hub.find(name, revision)
  if (file) return file
  throw new TacoError('NOT_FOUND', `${hub.repo} has no ${name} on ${hub.endpoint}: it is not a whole timm model`)
}

/** A file that is read as a whole, which must not be large. */
function small(hub: Connection, file: RemoteFile): RemoteFile {
  if (file.size <= MAX_JSON) return file
  throw new TacoError(
    'INVALID_DATA',
    `${file.name} of ${hub.repo} takes ${file.size} bytes, at most ${MAX_JSON} are allowed`,
  )
}

/** The files that the weights are in; of an index, which is fetched to be read, its parts. */
async function weightFiles(
  hub: Connection,
  commit: string,
  place: (file: RemoteFile) => Promise<string>,
): Promise<RemoteFile[]> {
  for (const name of timmWeightFiles) {
    const file = await hub.find(name, commit)
    if (!file) continue
    if (!isShardIndex(name)) return [file]
    const parts = partsOf(await readJson(await place(small(hub, file))), `${name} of ${hub.repo}`)
    const files: RemoteFile[] = []
    for (const part of parts) files.push(await required(hub, part, commit))
    return files
  }
  throw new TacoError(
    'NOT_FOUND',
    `${hub.repo} has no weights on ${hub.endpoint} under a name that timm uses (${timmWeightFiles.join(', ')})`,
  )
}

/** One after the other, so that what is interrupted is as whole as can be. */
async function fetchAll(
  files: readonly RemoteFile[],
  cache: RepoCache,
  place: (file: RemoteFile, onBytes: (bytes: number) => void) => Promise<string>,
  { onProgress }: HubOptions,
): Promise<void> {
  const total = files.reduce((sum, { size }) => sum + size, 0)
  await checkSpace(cache.folder, total)
  let before = 0
  let started: { readonly at: number; readonly bytes: number } | undefined
  for (const file of files) {
    await place(file, (bytes) => {
      const done = before + bytes
      const now = performance.now()
      // the first report may be of what an earlier download has left, which took no time now
      started ??= { at: now, bytes: done }
      const pace = (done - started.bytes) / (now - started.at)
      const secondsLeft = pace > 0 ? (total - done) / pace / 1000 : undefined
      onProgress?.({ file: file.name, done, total, ...(secondsLeft === undefined ? {} : { secondsLeft }) })
    })
    before += file.size
  }
}

/** Said before hours of download rather than after. */
async function checkSpace(folder: string, needed: number): Promise<void> {
  const { bavail, bsize } = await onDisk(folder, () => statfs(folder))
  if (bavail * bsize >= needed) return
  const inMegabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`
  throw new TacoError(
    'IO',
    `the weights take ${inMegabytes(needed)}, the disk of the cache ${folder} has ${inMegabytes(bavail * bsize)} left: set HF_HOME to a folder with room`,
  )
}
