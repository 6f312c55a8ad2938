import { mkdir, readdir, readFile, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { isTacoError, TacoError } from '@tacojs/errors'
import { writeFileAtomic } from '@tacojs/model-io'
import { differences, type Fingerprint } from './fingerprint.js'
import { lockOf } from './lock.js'
import { decodeRecord, encodeRecord, type Records } from './record.js'

/** The hidden folder beside a bundle in which finished layers are kept until the bundle is whole. */
export interface WorkFolder {
  readonly dir: string
  /**
   * The records of a stage. Throws INVALID_ARGUMENT where there are some of another model, images or recipe, IO where
   * nothing can be written.
   */
  stage(name: string, fingerprint: Fingerprint): Promise<Records>
  /** Whether it is this run's, and holds something that another could go on with. */
  holdsWork(): Promise<boolean>
  /** Lets another run have it. What it holds stays; with nothing in it, it goes. */
  release(): Promise<void>
  /** Throws IO. */
  remove(): Promise<void>
}

export const workFolderOf = (out: string): string => join(dirname(resolve(out)), `.${basename(resolve(out))}.taco-work`)

/**
 * @param out the bundle's folder; @param fresh forget what an earlier run has left
 * @throws INVALID_ARGUMENT where another run works there at this moment
 */
export async function openWorkFolder(out: string, fresh = false): Promise<WorkFolder> {
  const dir = workFolderOf(out)
  const lock = lockOf(join(dir, 'lock'), out)
  await lock.check()
  let forget = fresh
  const holdsWork = async (): Promise<boolean> => {
    if (!lock.held) return false
    return (await Promise.all((await stagesIn(dir)).map(recordsIn))).flat().length > 0
  }
  return {
    dir,
    async stage(name, fingerprint) {
      await failing(dir, () => mkdir(dir, { recursive: true }))
      await failing(dir, () => lock.take())
      if (forget) await failing(dir, () => removeStages(dir))
      forget = false
      const folder = join(dir, name)
      await failing(dir, () => mkdir(folder, { recursive: true }))
      const file = join(folder, FINGERPRINT)
      const before = await readFingerprint(file)
      // records without a readable fingerprint could be anything, and one without records is of no use
      if (!before || (await recordsIn(folder)).length === 0) {
        await failing(dir, () => rm(folder, { recursive: true, force: true }))
        await failing(dir, () => mkdir(folder, { recursive: true }))
        await writeFileAtomic(file, JSON.stringify(fingerprint))
      } else if (before['version'] !== fingerprint['version']) {
        throw new TacoError(
          'INVALID_ARGUMENT',
          `'${dir}' holds the work of another version of this tool; start afresh (--fresh)`,
        )
      } else if (differences(before, fingerprint) !== '') {
        throw new TacoError(
          'INVALID_ARGUMENT',
          `'${dir}' holds the work of a run that differs in ${differences(before, fingerprint)}; run that one again, or start afresh (--fresh)`,
        )
      }
      return {
        read: async (record) => {
          const bytes = await readFile(join(folder, record)).catch(() => undefined)
          return bytes && decodeRecord(bytes)
        },
        write: (record, content) => writeFileAtomic(join(folder, record), encodeRecord(content)),
      }
    },
    holdsWork,
    release: async () => {
      if (!lock.held) return
      const empty = !(await holdsWork())
      if (empty) await removeStages(dir)
      await lock.release()
      // unless another run has come
      if (empty) await rmdir(dir).catch(() => undefined)
    },
    remove: () => failing(dir, () => rm(dir, { recursive: true, force: true })),
  }
}

const FINGERPRINT = 'fingerprint.json'

async function stagesIn(dir: string): Promise<string[]> {
  const all = await readdir(dir, { withFileTypes: true }).catch(() => [])
  return all.filter((entry) => entry.isDirectory()).map(({ name }) => join(dir, name))
}

async function removeStages(dir: string): Promise<void> {
  for (const stage of await stagesIn(dir)) await rm(stage, { recursive: true, force: true })
}

/** Files of a stage but its fingerprint. */
async function recordsIn(folder: string): Promise<string[]> {
  const files = await readdir(folder).catch(() => [])
  return files.filter((name) => name !== FINGERPRINT)
}

async function readFingerprint(file: string): Promise<Fingerprint | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  try {
    const value = JSON.parse(text ?? 'null') as unknown
    return typeof value === 'object' && value !== null ? (value as Fingerprint) : undefined
  } catch {
    return undefined
  }
}

async function failing(dir: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    if (isTacoError(cause)) throw cause
    throw new TacoError('IO', `cannot write in '${dir}': ${(cause as Error).message}`, { cause })
  }
}
