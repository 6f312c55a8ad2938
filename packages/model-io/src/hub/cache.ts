import { TacoError } from '@tacojs/errors'
import { copyFile, lstat, mkdir, readFile, realpath, rm, symlink } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { writeFileAtomic } from '../files/write.js'
import { isCommit } from './reference.js'

/**
 * One model's part of the cache as Python's huggingface_hub lays it out, so that both find what the other has fetched:
 *
 *     models--owner--name/blobs/<etag>                    the contents
 *                         snapshots/<commit>/<file>       links to them
 *                         refs/<revision>                 the commit that a branch or tag was last seen at
 */
export interface RepoCache {
  readonly folder: string
  snapshot(commit: string): string
  blob(etag: string): string
  /** The commit that a revision was last seen at. */
  commitOf(revision: string): Promise<string | undefined>
  setCommit(revision: string, commit: string): Promise<void>
  /** A file of a snapshot that is here; undefined where it is not. Throws INVALID_DATA where it leads out of the folder. */
  find(commit: string, file: string): Promise<string | undefined>
  /** Shows a content under its name in a snapshot. */
  link(commit: string, file: string, etag: string): Promise<string>
}

/** Names must have been checked: a repository's, a revision, an etag or a plain file name each stay where they are put. */
export function repoCache(cache: string, repo: string): RepoCache {
  const folder = join(cache, `models--${repo.replace('/', '--')}`)
  const snapshot = (commit: string) => join(folder, 'snapshots', commit)
  const blob = (etag: string) => join(folder, 'blobs', etag)
  const refFile = (revision: string) => join(folder, 'refs', ...revision.split('/'))
  return {
    folder,
    snapshot,
    blob,
    commitOf: async (revision) => {
      const commit = (await readFile(refFile(revision), 'utf8').catch(() => '')).trim()
      return isCommit(commit) ? commit : undefined
    },
    setCommit: (revision, commit) =>
      onDisk(folder, async () => {
        if (isCommit(revision)) return
        await mkdir(dirname(refFile(revision)), { recursive: true })
        await writeFileAtomic(refFile(revision), commit)
      }),
    find: async (commit, file) => {
      const path = join(snapshot(commit), file)
      const real = await realpath(path).catch(() => undefined)
      if (real === undefined) return undefined
      if (real.startsWith((await realpath(folder)) + sep)) return path
      throw new TacoError('INVALID_DATA', `${path} leads out of the cache, to ${real}: remove it`)
    },
    link: (commit, file, etag) =>
      onDisk(folder, async () => {
        const path = join(snapshot(commit), file)
        await mkdir(dirname(path), { recursive: true })
        if (await lstat(path).catch(() => undefined)) {
          // another process may be reading what is right
          const [is, should] = await Promise.all([path, blob(etag)].map((p) => realpath(p).catch(() => undefined)))
          if (is !== undefined && is === should) return path
          await rm(path)
        }
        await symlink(relative(dirname(path), blob(etag)), path).catch(async (error: NodeJS.ErrnoException) => {
          // another process was as fast
          if (error.code === 'EEXIST') return
          // Windows lets only some users make links; Python copies there too
          await copyFile(blob(etag), path)
        })
        return path
      }),
  }
}

/** Failures of the disk as IO, with what helps. */
export async function onDisk<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (cause instanceof TacoError || code === undefined) throw cause
    const why = code === 'ENOSPC' || code === 'EDQUOT' ? 'the disk is full' : message
    throw new TacoError('IO', `cannot write to the cache ${folder} (${why}): set HF_HOME to a folder with room`, {
      cause,
    })
  }
}
