import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Label, Preprocess } from '@tacojs/calibration'
import { isTacoError } from '@tacojs/errors'
import type { Graph } from '@tacojs/graph'
import { isOnnxFile, loadGraph, loadModel } from './model.js'
import { isPreprocess, onnxStatement } from './onnx-statement.js'
import type { RunOptions } from './progress.js'

/** A model as it is, whether it can be run on images or not. */
export interface OpenedModel {
  readonly name: string
  readonly kind: 'bundle' | 'model'
  readonly graph: Graph
  /** What the model declares; absent where it says nothing. */
  readonly preprocess?: Preprocess
  readonly labels?: readonly Label[]
  /** `metadata_props` of an ONNX file, or of a bundle's. */
  readonly metadata: ReadonlyMap<string, string>
  readonly warnings: readonly string[]
}

/**
 * Opens whatever `loadModel` does, and models whose first input is no image of a fixed size, too. Throws as it does for
 * the rest.
 */
export async function openModel(path: string, options: RunOptions = {}): Promise<OpenedModel> {
  const onnx = await onnxFile(path)
  try {
    const model = await loadModel(path, options)
    return {
      name: model.name,
      kind: model.specialist ? 'bundle' : 'model',
      graph: model.graph,
      ...(!model.assumed && isPreprocess(model.preprocess) ? { preprocess: model.preprocess } : {}),
      ...(model.labels ? { labels: model.labels } : {}),
      metadata: onnx === undefined ? new Map() : (await onnxStatement(onnx)).metadata,
      warnings: model.warnings,
    }
  } catch (error) {
    if (!isTacoError(error) || error.code !== 'UNSUPPORTED') throw error
    // an operator that is not supported is refused here again
    const graph = await loadGraph(path, options)
    const { metadata = new Map<string, string>(), ...stated } = onnx === undefined ? {} : await onnxStatement(onnx)
    return { name: basename(path, '.onnx'), kind: 'model', graph, ...stated, metadata, warnings: [error.message] }
  }
}

/** The ONNX file that a path names, as itself or as a folder's model.onnx. */
async function onnxFile(path: string): Promise<string | undefined> {
  for (const file of [path, join(path, 'model.onnx')]) {
    const entry = await stat(file).catch(() => undefined)
    if (entry?.isFile() && isOnnxFile(file)) return file
  }
  return undefined
}
