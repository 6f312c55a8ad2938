import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { TacoError } from '@tacojs/errors'

/** A file that says which process works in a folder. */
export interface Lock {
  /** Whether this one has it. */
  readonly held: boolean
  /** Throws INVALID_ARGUMENT where another run has it, in this process or in one that is still there. */
  check(): Promise<void>
  /** Of several that come at the same moment one gets it, and the others are told as by `check`. */
  take(): Promise<void>
  release(): Promise<void>
}

/** Locks that runs of this process have. */
const ours = new Set<string>()

/** What a lock ends with that was written to its end. */
const END = '\n'

/** @param file the lock, @param out what is made under it, for messages */
export function lockOf(file: string, out: string): Lock {
  let held = false
  const busy = (owner: number): TacoError => {
    const who = owner === process.pid ? 'another run of this process' : `process ${owner || 'unknown'}`
    const way = owner === process.pid ? '' : `, or, where that process is something else, delete '${file}'`
    return new TacoError(
      'INVALID_ARGUMENT',
      `${who} is making '${out}' at this moment: wait for it, choose another place${way}`,
    )
  }
  const check = async (): Promise<void> => {
    if (held) return
    const owner = ours.has(file) ? process.pid : await livingOwner(file)
    if (owner) throw busy(owner)
  }
  const make = (): Promise<void> => writeFile(file, process.pid + END, { flag: 'wx' })
  return {
    get held() {
      return held
    },
    check,
    async take() {
      if (held) return
      await check()
      if (ours.has(file)) throw busy(process.pid)
      ours.add(file)
      try {
        await make().catch(async (error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw error
          await putAside(file)
          await make()
        })
        held = true
      } catch (error) {
        ours.delete(file)
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
        throw busy(await livingOwner(file))
      }
    },
    async release() {
      if (!held) return
      held = false
      // with the folder it may have gone already, and another process may be there
      if ((await readFile(file, 'utf8').catch(() => '')) === process.pid + END) await rm(file, { force: true })
      ours.delete(file)
    },
  }
}

/** The other process that made the lock and is still there; 0 where it is nobody's, as that of one that was killed. */
async function livingOwner(file: string): Promise<number> {
  const text = await readFile(file, 'utf8').catch(() => '')
  // half of a number is another process's
  const owner = text.endsWith(END) ? Number(text) : 0
  return owner && owner !== process.pid && alive(owner) ? owner : 0
}

/** Takes a lock away that is nobody's; one that another has made meanwhile stays. */
async function putAside(file: string): Promise<void> {
  const aside = `${file}-${randomUUID()}`
  try {
    await rename(file, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  // one that is empty may be about to be written
  if ((await readFile(aside, 'utf8')) === '') await new Promise((resolve) => setTimeout(resolve, 100))
  if (await livingOwner(aside)) await rename(aside, file)
  else await rm(aside, { force: true })
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
