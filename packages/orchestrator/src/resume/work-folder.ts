import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { TacoError } from '@tacojs/errors'
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
  if (fresh) await rm(dir, { recursive: true, force: true })
  let locked = false
  return {
    dir,
    async stage(name, fingerprint) {
      const folder = join(dir, name)
      await failing(dir, () => mkdir(folder, { recursive: true }))
      if (!locked) {
        await checkLock(lock, out)
        await failing(dir, () => writeFile(lock, String(process.pid)))
        locked = true
      }
      const file = join(folder, 'fingerprint.json')
      const before = await readFingerprint(file)
      // records without a readable fingerprint could be anything
      if (!before) {
        await rm(folder, { recursive: true, force: true })
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
    release: () => (locked ? rm(lock, { force: true }) : Promise.resolve()),
    remove: () => rm(dir, { recursive: true, force: true }),
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

/** Throws where the process that made the lock is still there; the lock of one that was killed is nobody's. */
async function checkLock(lock: string, out: string): Promise<void> {
  const owner = Number(await readFile(lock, 'utf8').catch(() => ''))
  if (!owner || owner === process.pid || !alive(owner)) return
  throw new TacoError(
    'INVALID_ARGUMENT',
    `process ${owner} is making '${out}' at this moment: wait for it, or choose another place`,
  )
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
    throw new TacoError('IO', `cannot write in '${dir}': ${(cause as Error).message}`, { cause })
  }
}
