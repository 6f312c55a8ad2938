import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { isTacoError, TacoError } from '@tacojs/errors'
import { writeFileAtomic } from '@tacojs/model-io'
import { differences, type Fingerprint } from './fingerprint.js'
import { decodeRecord, encodeRecord, type Records } from './record.js'

/** The hidden folder beside a bundle in which finished layers are kept until the bundle is whole. */
export interface WorkFolder {
  readonly dir: string
  /**
   * The records of a stage. Throws INVALID_ARGUMENT where there are some of another model, images or recipe, IO where
   * nothing can be written.
   */
  stage(name: string, fingerprint: Fingerprint): Promise<Records>
  /** Whether it holds anything. */
  exists(): Promise<boolean>
  /** Lets another run have it; what it holds stays. */
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
  const lock = join(dir, 'lock')
  await checkLock(lock, out)
  if (fresh) await failing(dir, () => rm(dir, { recursive: true, force: true }))
  let locked = false
  return {
    dir,
    async stage(name, fingerprint) {
      const folder = join(dir, name)
      await failing(dir, () => mkdir(folder, { recursive: true }))
      if (!locked) {
        await failing(dir, () => takeLock(lock, out))
        locked = true
      }
      const file = join(folder, 'fingerprint.json')
      const before = await readFingerprint(file)
      // records without a readable fingerprint could be anything
      if (!before) {
        await failing(dir, () => rm(folder, { recursive: true, force: true }))
        await failing(dir, () => mkdir(folder, { recursive: true }))
        await writeFileAtomic(file, JSON.stringify(fingerprint))
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
    exists: () =>
      stat(dir).then(
        () => true,
        () => false,
      ),
    release: async () => {
      if (locked) await rm(lock, { force: true })
    },
    remove: () => failing(dir, () => rm(dir, { recursive: true, force: true })),
  }
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

/** What a lock ends with that was written to its end. */
const END = '\n'

/** Throws where the process that made the lock is still there; the lock of one that was killed is nobody's. */
async function checkLock(lock: string, out: string): Promise<void> {
  const text = await readFile(lock, 'utf8').catch(() => '')
  // half of a number is another process's
  const owner = text.endsWith(END) ? Number(text) : 0
  if (!owner || owner === process.pid || !alive(owner)) return
  throw new TacoError(
    'INVALID_ARGUMENT',
    `process ${owner} is making '${out}' at this moment: wait for it, choose another place, or, where that process is something else, delete '${lock}'`,
  )
}

/** Of two that come at the same moment one gets it, and the other is told. */
async function takeLock(lock: string, out: string): Promise<void> {
  const make = (): Promise<void> => writeFile(lock, process.pid + END, { flag: 'wx' })
  await make().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
    await checkLock(lock, out)
    await rm(lock, { force: true })
    await make()
  })
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
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
