import { randomUUID } from 'node:crypto'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** A hidden folder beside a bundle: `new` while it is written, `old` for the one that it replaces. */
export interface TemporaryFolder {
  readonly path: string
  /** Says that nobody works on it any more. */
  release(): void
}

/** Those of this process that are worked on. */
const active = new Set<string>()

/** A name that says whose it is, so that it can be told later whether anybody still needs it. Nothing is made. */
export function temporaryFolder(target: string, kind: 'new' | 'old'): TemporaryFolder {
  const path = join(dirname(target), `.${basename(target)}.${process.pid}-${randomUUID()}.${kind}`)
  active.add(path)
  return { path, release: () => void active.delete(path) }
}

/**
 * Removes the temporary folders of a bundle whose process is gone. A bundle that was moved aside and has no successor goes
 * back first: its process was killed between the two renames. What cannot be removed stays.
 */
export async function clearStale(target: string): Promise<void> {
  const parent = dirname(target)
  const prefix = `.${basename(target)}.`
  const names = await readdir(parent).catch((): string[] => [])
  for (const name of names.filter((n) => n.startsWith(prefix))) {
    const [, owner, kind] = /^(\d+)-[0-9a-f-]{36}\.(new|old)$/.exec(name.slice(prefix.length)) ?? []
    const path = join(parent, name)
    if (owner === undefined || isActive(Number(owner), path)) continue
    const successor = await stat(target).catch(() => undefined)
    if (kind === 'old' && !successor) await rename(path, target).catch(() => undefined)
    else await rm(path, { recursive: true, force: true }).catch(() => undefined)
  }
}

function isActive(owner: number, path: string): boolean {
  if (owner === process.pid) return active.has(path)
  try {
    process.kill(owner, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
