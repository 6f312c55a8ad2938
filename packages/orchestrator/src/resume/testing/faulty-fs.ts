import type * as Fs from 'node:fs/promises'

/** What goes wrong: the error, what the call has done all the same, and whether the process is then dead. */
export interface Fault {
  readonly code: string
  readonly leaves: 'nothing' | 'half' | 'all'
  readonly killed?: boolean
}

/**
 * `node:fs/promises` in which one call that changes the disk fails: the n-th, counted over making, writing, syncing,
 * renaming and removing. After a kill nothing reaches the disk any more, as if the process were gone.
 */
export function faultyFs(real: typeof Fs) {
  let fault: Fault | undefined
  let [count, at, dead] = [0, 0, false]
  const gone = (): never => {
    throw Object.assign(new Error('the process is gone'), { code: 'KILLED' })
  }
  /** @param half does half of the work, where there is such a thing */
  const changing = async <T>(whole: () => Promise<T>, half: () => Promise<unknown> = whole): Promise<T> => {
    if (dead) gone()
    if (++count !== at) return whole()
    const { code, leaves, killed } = fault!
    if (leaves !== 'nothing') await (leaves === 'half' ? half() : whole())
    dead = killed === true
    throw Object.assign(new Error(`${code}: injected`), { code })
  }
  type Bytes = string | Uint8Array
  const half = (bytes: Bytes): Bytes => bytes.slice(0, bytes.length >> 1)
  const wrapped = (handle: Fs.FileHandle): object => ({
    fd: handle.fd,
    stat: () => handle.stat(),
    read: (...args: Parameters<typeof handle.read>) => handle.read(...args),
    readFile: () => handle.readFile(),
    writeFile: (bytes: Bytes) =>
      changing(
        () => handle.writeFile(bytes),
        () => handle.writeFile(half(bytes)),
      ),
    sync: () => changing(() => handle.sync()),
    close: () => handle.close(),
  })
  const calls = Object.fromEntries(
    (['mkdir', 'rmdir', 'rm', 'rename'] as const).map((name) => [
      name,
      (...args: never[]) => changing(() => (real[name] as (...a: never[]) => Promise<unknown>)(...args)),
    ]),
  )
  const reads = Object.fromEntries(
    (['readFile', 'readdir', 'stat'] as const).map((name) => [
      name,
      async (...args: never[]) => (dead ? gone() : (real[name] as (...a: never[]) => Promise<unknown>)(...args)),
    ]),
  )
  const fs = {
    ...real,
    ...calls,
    ...reads,
    writeFile: (path: string, bytes: Bytes, options?: object) =>
      changing(
        () => real.writeFile(path, bytes, options),
        () => real.writeFile(path, half(bytes), options),
      ),
    open: async (path: string, flags = 'r') => {
      const open = async (): Promise<object> => wrapped(await real.open(path, flags))
      if (flags === 'r') return dead ? gone() : open()
      return changing(open)
    },
  }
  return {
    fs,
    /** From now on; undefined: nothing fails. */
    arm(n: number, next?: Fault): void {
      ;[count, at, dead, fault] = [0, n, false, next]
    },
    /** Calls since it was armed. */
    get count() {
      return count
    },
  }
}
