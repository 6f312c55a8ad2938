import { isTacoError, TacoError } from '@tacojs/errors'
import type { Graph } from '@tacojs/graph'
import { basename } from 'node:path'
import { readBytes } from '../files/read.js'
import { externalDataOf } from './external.js'
import { parseOnnx, type ParseOptions } from './parse.js'

/** Reads an ONNX file, with its external data if it has some. Errors as in `parseOnnx`, NOT_FOUND and IO for the file. */
export async function importOnnx(path: string, options: Omit<ParseOptions, 'loadExternal'> = {}): Promise<Graph> {
  const bytes = await readBytes(path)
  try {
    return parseOnnx(bytes, { name: basename(path, '.onnx'), ...options, loadExternal: externalDataOf(path) })
  } catch (cause) {
    if (!isTacoError(cause) || cause.code !== 'INVALID_MODEL') throw cause
    throw new TacoError('INVALID_MODEL', `'${path}': ${cause.message}`, { cause })
  }
}
