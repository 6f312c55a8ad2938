import { TacoError } from '@tacojs/errors'
import { readFile } from 'node:fs/promises'

/** A whole file. Throws NOT_FOUND or IO, naming the path. */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new TacoError('NOT_FOUND', `there is no file ${path}`, { cause })
    if (code === 'EISDIR') throw new TacoError('NOT_FOUND', `${path} is a folder, a file is needed`, { cause })
    throw new TacoError('IO', `cannot read ${path}: ${message}`, { cause })
  }
}

/** A JSON file. Throws INVALID_DATA where it is not JSON. */
export async function readJson(path: string): Promise<unknown> {
  const text = new TextDecoder().decode(await readBytes(path))
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new TacoError('INVALID_DATA', `${path} is not valid JSON (${(cause as Error).message})`, { cause })
  }
}
