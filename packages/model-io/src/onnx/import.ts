import { TacoError } from '@tacojs/errors'
import type { Graph } from '@tacojs/graph'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { externalDataOf } from './external.js'
import { parseOnnx, type ParseOptions } from './parse.js'

/** Reads an ONNX file, with its external data if it has some. Errors as in `parseOnnx`, NOT_FOUND and IO for the file. */
export async function importOnnx(path: string, options: Omit<ParseOptions, 'loadExternal'> = {}): Promise<Graph> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    const [code, why] =
      cause.code === 'ENOENT' ? (['NOT_FOUND', 'no such file'] as const) : (['IO', cause.message] as const)
    throw new TacoError(code, `cannot read the model ${path}: ${why}`, { cause })
  })
  return parseOnnx(bytes, { name: basename(path, '.onnx'), ...options, loadExternal: externalDataOf(path) })
}
