import { TacoError } from '@tacojs/errors'
import { open, type FileHandle } from 'node:fs/promises'

/** Most that one call of the operating system reads; 2 GiB are too many for it. */
const CHUNK = 2 ** 30

export interface Ranges {
  /** In bytes. */
  readonly size: number
  /** `length` bytes from `offset`, which lie in the file. Throws IO where they cannot be read. */
  read(offset: number, length: number): Promise<Uint8Array>
  close(): Promise<void>
}

/** A file to read piece by piece. Throws NOT_FOUND or IO, naming the path. */
export async function openRanges(path: string): Promise<Ranges> {
  let handle: FileHandle
  try {
    handle = await open(path, 'r')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new TacoError('NOT_FOUND', `there is no file ${path}`, { cause })
    throw new TacoError('IO', `cannot read ${path}: ${message}`, { cause })
  }
  const stat = await handle.stat()
  if (!stat.isFile()) {
    await handle.close()
    throw new TacoError('NOT_FOUND', `${path} is not a file, a file is needed`)
  }
  return {
    size: stat.size,
    close: () => handle.close(),
    read: async (offset, length) => {
      const bytes = new Uint8Array(length)
      for (let done = 0; done < length;) {
        const { bytesRead } = await handle
          .read(bytes, done, Math.min(CHUNK, length - done), offset + done)
          .catch((cause) => {
            throw new TacoError('IO', `cannot read ${path}: ${(cause as Error).message}`, { cause })
          })
        if (bytesRead === 0) throw new TacoError('IO', `${path} became shorter while it was read`)
        done += bytesRead
      }
      return bytes
    },
  }
}
