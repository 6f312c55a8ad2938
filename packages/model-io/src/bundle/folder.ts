import { TacoError } from '@tacojs/errors'
import { mkdir, readdir, rename, rmdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { readBytes, readJson } from '../files/read.js'
import { syncFolder, writeSynced } from '../files/write.js'
import { bundleFiles, FORMAT, MANIFEST, type Bundle } from './bundle.js'
import { decodeBundle } from './decode.js'
import { clearStale, temporaryFolder } from './temporary.js'
import { encodeBundle } from './encode.js'

/**
 * Writes a bundle as the folder `dir`, in one step: the files go to a folder beside it that is renamed into place.
 * An existing bundle is replaced; any other folder that is not empty is refused with INVALID_ARGUMENT. Throws IO and
 * leaves nothing behind where it cannot be written.
 */
export async function writeBundle(dir: string, bundle: Bundle): Promise<void> {
  const target = resolve(dir)
  await checkPlace(target)
  const files = encodeBundle(bundle)
  const fresh = temporaryFolder(target, 'new')
  const old = temporaryFolder(target, 'old')
  try {
    await mkdir(dirname(target), { recursive: true })
    await clearStale(target)
    await mkdir(fresh.path)
    for (const [name, bytes] of files) await writeSynced(join(fresh.path, name), bytes)
    await syncFolder(fresh.path)
    const replaced = await moved(target, old.path)
    try {
      await rename(fresh.path, target)
    } catch (error) {
      if (replaced) await rename(old.path, target)
      throw error
    }
    await syncFolder(dirname(target))
  } catch (cause) {
    throw new TacoError('IO', `cannot write the bundle ${dir}: ${(cause as Error).message}`, { cause })
  } finally {
    fresh.release()
    old.release()
    await clearStale(target)
  }
}

/** Reads the folder of a bundle; errors as in `decodeBundle`, NOT_FOUND where it is none. */
export async function readBundle(dir: string): Promise<Bundle> {
  const files = new Map<string, Uint8Array>()
  for (const name of [MANIFEST, ...bundleFiles]) files.set(name, await readBytes(join(dir, name)))
  return decodeBundle(files)
}

/**
 * Whether a bundle can be written there: to ask before hours of work. What a process that was killed while it wrote one
 * has left there is cleared away, and a bundle that it had moved aside comes back. Throws INVALID_ARGUMENT where
 * something else lies there, IO where nothing can be written.
 */
export async function checkBundleTarget(dir: string): Promise<void> {
  const target = resolve(dir)
  await clearStale(target)
  await checkPlace(target)
  await checkWritable(dirname(target), basename(target))
}

/** Makes and removes a folder in the nearest folder that exists already. */
async function checkWritable(dir: string, name: string): Promise<void> {
  const place = join(dir, name)
  const probe = temporaryFolder(place, 'new')
  try {
    await clearStale(place)
    await mkdir(probe.path)
    await rmdir(probe.path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT' && dirname(dir) !== dir && !(await exists(dir))) {
      return checkWritable(dirname(dir), name)
    }
    throw new TacoError('IO', `nothing can be written in ${dir}: ${(cause as Error).message}`, { cause })
  } finally {
    probe.release()
  }
}

const exists = (dir: string): Promise<boolean> =>
  stat(dir).then(
    () => true,
    () => false,
  )

async function checkPlace(dir: string): Promise<void> {
  let entries: string[]
  try {
    entries = await readdir(dir)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return
    throw new TacoError('INVALID_ARGUMENT', `${dir} is not a folder: choose another place for the bundle`, { cause })
  }
  if (entries.length === 0) return
  const manifest = await readJson(join(dir, MANIFEST)).catch(() => undefined)
  if ((manifest as { format?: unknown } | null | undefined)?.format === FORMAT) return
  throw new TacoError('INVALID_ARGUMENT', `${dir} holds files that are no bundle: choose an empty or a new folder`)
}

async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
