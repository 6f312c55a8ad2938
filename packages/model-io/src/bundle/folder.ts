import { TacoError } from '@tacojs/errors'
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { readBytes, readJson } from '../files/read.js'
import { syncFolder, writeSynced } from '../files/write.js'
import { bundleFiles, FORMAT, MANIFEST, type Bundle } from './bundle.js'
import { decodeBundle } from './decode.js'
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
  const id = randomUUID()
  const [fresh, old] = ['new', 'old'].map((kind) => join(dirname(target), `.${basename(target)}.${id}.${kind}`)) as [
    string,
    string,
  ]
  try {
    await mkdir(dirname(target), { recursive: true })
    await mkdir(fresh)
    for (const [name, bytes] of files) await writeSynced(join(fresh, name), bytes)
    await syncFolder(fresh)
    const replaced = await moved(target, old)
    try {
      await rename(fresh, target)
    } catch (error) {
      if (replaced) await rename(old, target)
      throw error
    }
    await syncFolder(dirname(target))
    await rm(old, { recursive: true, force: true })
  } catch (cause) {
    await rm(fresh, { recursive: true, force: true }).catch(() => undefined)
    throw new TacoError('IO', `cannot write the bundle ${dir}: ${(cause as Error).message}`, { cause })
  }
}

/** Reads the folder of a bundle; errors as in `decodeBundle`, NOT_FOUND where it is none. */
export async function readBundle(dir: string): Promise<Bundle> {
  const files = new Map<string, Uint8Array>()
  for (const name of [MANIFEST, ...bundleFiles]) files.set(name, await readBytes(join(dir, name)))
  return decodeBundle(files)
}

/**
 * Whether a bundle can be written there: to ask before hours of work. Throws INVALID_ARGUMENT where something else lies
 * there, IO where nothing can be written.
 */
export async function checkBundleTarget(dir: string): Promise<void> {
  await checkPlace(dir)
  await checkWritable(dirname(resolve(dir)))
}

/** Makes and removes a folder in the nearest folder that exists already. */
async function checkWritable(dir: string): Promise<void> {
  try {
    await rmdir(await mkdtemp(join(dir, '.taco-')))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT' && dirname(dir) !== dir && !(await exists(dir))) {
      return checkWritable(dirname(dir))
    }
    throw new TacoError('IO', `nothing can be written in ${dir}: ${(cause as Error).message}`, { cause })
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
