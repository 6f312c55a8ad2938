import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { TacoError, throwIfAborted } from '@tacojs/errors'
import { readBundle, writeOnnx, type OnnxWeights, type WrittenOnnx } from '@tacojs/model-io'
import { parsedJson } from './onnx-statement.js'
import { openModel } from './open-model.js'
import type { RunOptions } from './progress.js'

export const onnxWeights = ['dense', 'sparse', 'fp16', 'int8'] as const satisfies readonly OnnxWeights[]

export interface ExportRequest {
  /** Whatever `loadModel` takes; a model whose input is no image of a fixed size, too. */
  readonly model: string
  /** The ONNX file to write. */
  readonly out: string
  /** How weights are written; dense unless given. */
  readonly weights?: OnnxWeights
  /** Most bytes of weights in the file itself; above, they go to a file beside it. 2 GiB unless given. */
  readonly externalData?: number
  /** Replace a file that is there. */
  readonly force?: boolean
}

export interface ExportResult extends WrittenOnnx {
  readonly model: string
  readonly out: string
  readonly weights: OnnxWeights
  readonly warnings: readonly string[]
}

/**
 * Writes a model or a bundle as an ONNX file, with labels, preprocessing and where it comes from in its metadata; what
 * an ONNX file already has there stays.
 *
 * @throws INVALID_ARGUMENT where something is at `out` already, its folder is missing, or `out` is a file of a bundle;
 * IO, and what `loadModel` throws
 */
export async function exportModel(request: ExportRequest, options: RunOptions = {}): Promise<ExportResult> {
  const { model: path, out, weights = 'dense', externalData, force = false } = request
  if (externalData !== undefined && externalData < 0) {
    throw new TacoError('INVALID_ARGUMENT', `externalData: expected a number of bytes, got ${externalData}`)
  }
  await checkTarget(out, force)
  const { name, graph, preprocess, labels, metadata, warnings } = await openModel(path, options)
  throwIfAborted(options.signal)
  const provenance = { ...provenanceOf(metadata.get('taco.provenance'), name), weights }
  const written = await writeOnnx(out, graph, {
    weights,
    ...(externalData === undefined ? {} : { externalData }),
    metadata: {
      ...Object.fromEntries(metadata),
      ...(labels ? { 'taco.labels': JSON.stringify(labels.map((label) => label.name)) } : {}),
      ...(preprocess ? { 'taco.preprocess': JSON.stringify(preprocess) } : {}),
      'taco.provenance': JSON.stringify(provenance),
    },
  })
  return { model: name, out, weights, ...written, warnings }
}

/**
 * Throws INVALID_ARGUMENT where a file cannot be written to `out`, or is there already and not to be replaced, or where
 * that would break a bundle.
 */
export async function checkTarget(out: string, force: boolean): Promise<void> {
  const folder = dirname(resolve(out))
  const [entry, parent] = await Promise.all([resolve(out), folder].map((path) => stat(path).catch(() => undefined)))
  if (!parent?.isDirectory()) {
    throw new TacoError('INVALID_ARGUMENT', `'${out}': there is no folder '${dirname(out)}'; make it first`)
  }
  if (entry?.isDirectory()) {
    throw new TacoError('INVALID_ARGUMENT', `'${out}' is a folder; give the name of the file to write`)
  }
  if (entry && !force) {
    throw new TacoError('INVALID_ARGUMENT', `'${out}' is there already; give another name, or --force to replace it`)
  }
  // a bundle with another model in it than its manifest says could never be read again
  if (entry && (await isBundle(folder))) {
    throw new TacoError('INVALID_ARGUMENT', `'${out}' belongs to a bundle; give the name of a file outside of it`)
  }
}

const isBundle = (dir: string): Promise<boolean> =>
  readBundle(dir).then(
    () => true,
    () => false,
  )

/** What the metadata says of where the model comes from, as that of bundles does; else its name. */
function provenanceOf(text: string | undefined, model: string): object {
  const value = parsedJson(text)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : { model: { name: model } }
}
