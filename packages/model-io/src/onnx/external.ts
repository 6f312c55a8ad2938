import { TacoError } from '@tacojs/errors'
import { closeSync, fstatSync, openSync, readSync, realpathSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import type { LoadExternal } from './tensor-data.js'

/** Reads external data of the model at `path`, from files of the model's folder only (also through symbolic links). */
export function externalDataOf(path: string): LoadExternal {
  const folder = realpathSync(dirname(path))
  return (location, offset, length, where) => {
    const file = confined(folder, location, where)
    const handle = openSync(file, 'r')
    try {
      const stat = fstatSync(handle)
      if (!stat.isFile()) throw new TacoError('INVALID_MODEL', `${where} is in "${location}", which is not a file`)
      if (offset + length > stat.size) {
        throw new TacoError(
          'INVALID_MODEL',
          `${where} lies at bytes ${offset} to ${offset + length} of "${location}", which has ${stat.size}`,
        )
      }
      const bytes = new Uint8Array(length)
      for (let done = 0; done < length;) {
        const count = readSync(handle, bytes, done, length - done, offset + done)
        if (count === 0) throw new TacoError('IO', `"${location}" became shorter while ${where} was read`)
        done += count
      }
      return bytes
    } finally {
      closeSync(handle)
    }
  }
}

function confined(folder: string, location: string, where: string): string {
  const wrong = (why: string) =>
    new TacoError('INVALID_MODEL', `${where} is in the external file "${location}": ${why}`)
  if (location.includes('\0') || location.includes('\\') || /^[a-z][a-z0-9+.-]*:/i.test(location)) {
    throw wrong('a relative path is needed')
  }
  if (location.startsWith('/') || location.split('/').includes('..')) throw wrong('it lies outside of the model folder')
  let file: string
  try {
    file = realpathSync(join(folder, location))
  } catch (cause) {
    throw new TacoError('NOT_FOUND', `${where} needs the file "${location}" beside the model`, { cause })
  }
  if (!file.startsWith(folder.endsWith(sep) ? folder : folder + sep)) throw wrong('it links out of the model folder')
  return file
}
