import { TacoError, throwIfAborted } from '@tacojs/errors'
import { constants } from 'node:fs'
import { lstat, mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { onDisk } from './cache.js'
import { matchesEtag } from './checksum.js'
import { ATTEMPTS, reasonOf, SILENCE, type Connection, type RemoteFile } from './connection.js'
import { Unreachable } from './unreachable.js'

/** A link in the file's place is not followed: it may lead out of the cache. Windows has no such flag. */
const OPEN_OR_CREATE = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0)

interface DownloadOptions {
  readonly signal?: AbortSignal
  /** Bytes that are on the disk. */
  readonly onBytes?: (bytes: number) => void
}

/**
 * Fetches a file to `path`. What an interrupted download has left beside it (`.incomplete`, as Python calls it) is gone
 * on with; a broken connection is taken up where it broke. The file is under its name only when its checksum is right.
 *
 * @throws Unreachable where the connection keeps breaking, INVALID_DATA for a wrong checksum, IO for the disk, ABORTED
 */
export async function download(
  hub: Connection,
  file: RemoteFile,
  path: string,
  options: DownloadOptions = {},
): Promise<void> {
  const partial = `${path}.incomplete`
  // contents are files, never links
  const there = await lstat(path).catch(() => undefined)
  if (there?.isFile() && there.size === file.size) return options.onBytes?.(file.size)
  await onDisk(dirname(path), () => mkdir(dirname(path), { recursive: true }))
  const resumed = ((await stat(partial).catch(() => undefined))?.size ?? 0) > 0
  await receive(hub, file, partial, options)
  let state = await checked(partial, file.etag)
  if (state === 'wrong') await rm(partial, { force: true })
  if (state === 'wrong' && resumed) {
    // what was left of another time may be what is wrong
    await receive(hub, file, partial, options)
    state = await checked(partial, file.etag)
    if (state === 'wrong') await rm(partial, { force: true })
  }
  if (state === 'wrong') {
    throw new TacoError(
      'INVALID_DATA',
      `${file.name} of ${hub.repo} has another checksum than ${hub.endpoint} states: it was damaged on the way; try again`,
    )
  }
  await onDisk(dirname(path), () => rename(partial, path)).catch(async (error: unknown) => {
    // another process fetched the same and was faster
    if ((await stat(path).catch(() => undefined))?.size !== file.size) throw error
  })
}

/** 'gone' where another process has put the file in its place meanwhile. */
const checked = (partial: string, etag: string): Promise<'right' | 'wrong' | 'gone'> =>
  onDisk(dirname(partial), async () => ((await matchesEtag(partial, etag)) ? 'right' : 'wrong')).catch(
    (error: TacoError) => {
      if ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return 'gone'
      throw error
    },
  )

/** Writes until `partial` is as long as the file. A server that keeps breaking off without sending anything is given up. */
async function receive(hub: Connection, file: RemoteFile, partial: string, options: DownloadOptions): Promise<void> {
  // positions are given with each write, so that two processes that fetch the same file only write it twice
  const handle = await onDisk(dirname(partial), () => open(partial, OPEN_OR_CREATE, 0o644))
  try {
    let at = (await handle.stat()).size
    options.onBytes?.(Math.min(at, file.size))
    for (let attempt = 0; at !== file.size; attempt++) {
      if (at > file.size) at = 0
      const before = at
      const write = (bytes: Uint8Array, position: number): Promise<void> =>
        onDisk(dirname(partial), () => writeAll(handle, bytes, position))
      const failure = await append(hub, file, write, at, options).then(
        (end) => void (at = end),
        async (error: unknown) => {
          if (!(error instanceof BrokenOff)) throw error
          at = error.at
          return error
        },
      )
      if (at === file.size) break
      if (at > before) attempt = 0
      if (attempt + 1 >= ATTEMPTS) {
        throw new Unreachable(
          `${hub.endpoint} broke off at byte ${at} of ${file.size} of ${file.name} (${failure ? failure.message : 'it ended'}): run it again to go on from there`,
          { cause: failure },
        )
      }
      await hub.pause(attempt)
    }
    await onDisk(dirname(partial), async () => {
      await handle.truncate(file.size)
      await handle.sync()
    })
  } finally {
    await handle.close()
  }
}

/** The connection broke; `at` bytes are written. */
class BrokenOff extends Error {
  constructor(
    readonly at: number,
    cause: unknown,
  ) {
    super(reasonOf(cause), { cause })
  }
}

/** One answer written from its offset on; returns where it ended. */
async function append(
  hub: Connection,
  file: RemoteFile,
  write: (bytes: Uint8Array, position: number) => Promise<void>,
  offset: number,
  { signal, onBytes }: DownloadOptions,
): Promise<number> {
  const answer = await hub.open(file, offset)
  let at = answer.status === 206 && startOf(answer) === offset ? offset : 0
  if (answer.status === 416 || (answer.status === 206 && at !== offset) || !answer.body) {
    await answer.body?.cancel()
    return 0
  }
  const reader = answer.body.getReader()
  const silent = setTimeout(() => void reader.cancel().catch(() => undefined), SILENCE)
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throwIfAborted(signal)
        throw new BrokenOff(at, cause)
      })
      throwIfAborted(signal)
      if (done) return at
      silent.refresh()
      if (at + value.length > file.size) {
        throw new TacoError(
          'INVALID_DATA',
          `${hub.endpoint} sends more of ${file.name} than the ${file.size} bytes it states`,
        )
      }
      await write(value, at)
      at += value.length
      onBytes?.(at)
    }
  } finally {
    clearTimeout(silent)
    await reader.cancel().catch(() => undefined)
  }
}

const startOf = (answer: Response): number =>
  Number(/^bytes (\d+)-/.exec(answer.headers.get('content-range') ?? '')?.[1] ?? NaN)

async function writeAll(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten
  }
}
