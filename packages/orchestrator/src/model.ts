import { stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isTacoError, TacoError } from '@tacojs/errors'
import { defaultPreprocess, type Label, type Preprocess } from '@tacojs/calibration'
import { inferTypes, optimize, type Graph, type ValueInfo } from '@tacojs/graph'
import type { SpecialistLabel } from './resolve-classes.js'
import {
  downloadModel,
  importOnnx,
  importTimm,
  isHubReference,
  readBundle,
  readTimmConfig,
  timmWeightFiles,
} from '@tacojs/model-io'
import { onnxStatement } from './onnx-statement.js'
import type { RunOptions } from './progress.js'

export interface Model {
  /** As it was given. */
  readonly path: string
  readonly name: string
  readonly graph: Graph
  readonly preprocess: Preprocess
  /** Nothing says how images are to be prepared: the preprocessing is a guess. */
  readonly assumed?: boolean
  readonly labels?: readonly Label[]
  /** The labels of a bundle. */
  readonly specialist?: readonly SpecialistLabel[]
  /** What a person should know about how the model was read. */
  readonly warnings: readonly string[]
}

/** The optimized graph of whatever `loadModel` takes: for raw tensors, whatever they are. */
export async function loadGraph(model: string, options: RunOptions = {}): Promise<Graph> {
  const path = await locally(model, options, [])
  const file = await modelFile(path)
  return optimize(file === undefined ? (await readBundle(path)).graph : await importModel(file))
}

/** By what its name ends with: weights of a timm model, with the config.json beside them, or else ONNX. */
export const isOnnxFile = (file: string): boolean => !/\.(safetensors|bin|pth|pt|index\.json)$/.test(file)

const importModel = (file: string): Promise<Graph> => (isOnnxFile(file) ? importOnnx(file) : importTimm(file))

/**
 * Reads a model: an ONNX file (with a timm config.json beside it, if there is one), a timm model (its weights and
 * config.json), the folder of either (model.onnx first), a timm model of the Hugging Face hub
 * (`hf-hub:owner/name[@revision]`), which is fetched into the hub's cache, or a specialist bundle. The graph is optimized.
 * Preprocessing and labels are those of the config.json, or those that an ONNX file of ours has in its metadata.
 *
 * @param options for what is fetched: `load` events count megabytes of the weights
 * @throws NOT_FOUND, INVALID_MODEL, UNSUPPORTED, INVALID_WEIGHTS, INVALID_DATA; IO and ABORTED where something is fetched
 */
export async function loadModel(model: string, options: RunOptions = {}): Promise<Model> {
  const warnings: string[] = []
  const path = await locally(model, options, warnings)
  const file = await modelFile(path)
  if (file === undefined) {
    const { graph, preprocess, labels } = await readBundle(path)
    return {
      path: model,
      name: basename(path),
      graph: optimize(graph),
      preprocess: preprocess as unknown as Preprocess,
      labels,
      specialist: labels,
      warnings,
    }
  }
  const graph = optimize(freeBatch(await importModel(file)))
  const config = join(dirname(file), 'config.json')
  if (await exists(config)) {
    const { architecture, inputSize, interpolation, cropPct, cropMode, mean, std, labelNames } =
      await readTimmConfig(config)
    return {
      path: model,
      name: architecture,
      graph,
      preprocess: { inputSize, interpolation, cropPct, cropMode, mean, std },
      ...(labelNames ? { labels: labelNames.map((name, index) => ({ index, name })) } : {}),
      warnings,
    }
  }
  const stated = isOnnxFile(file) ? await onnxStatement(file) : undefined
  if (stated?.preprocess) {
    const { preprocess, labels } = stated
    return { path: model, name: basename(file, '.onnx'), graph, preprocess, ...(labels ? { labels } : {}), warnings }
  }
  const preprocess = defaultPreprocess(imageSize(graph))
  return {
    path: model,
    name: basename(file, '.onnx'),
    graph,
    preprocess,
    assumed: true,
    ...(stated?.labels ? { labels: stated.labels } : {}),
    warnings: [
      ...warnings,
      `no config.json beside '${file}': assuming ${preprocess.interpolation} resize, crop ${preprocess.cropPct} and ImageNet mean and std`,
    ],
  }
}

/**
 * A model that was exported for a fixed number of images, with its batch made free: only where inference shows that the
 * outputs then have that batch too, so that no fixed shape inside stands against it.
 */
function freeBatch(graph: Graph): Graph {
  const [input] = graph.inputs
  if (graph.inputs.length !== 1 || input!.shape.length !== 4 || typeof input!.shape[0] !== 'number') return graph
  const free = <T extends ValueInfo>(value: T): T => ({ ...value, shape: ['batch', ...value.shape.slice(1)] })
  const candidate = { ...graph, inputs: graph.inputs.map(free), outputs: graph.outputs.map(free) }
  try {
    const types = inferTypes(candidate)
    return candidate.outputs.every(({ name }) => types.get(name)!.shape[0] === 'batch') ? candidate : graph
  } catch (error) {
    if (isTacoError(error)) return graph
    throw error
  }
}

/** The path itself, or the folder that a model of the hub has been fetched to. */
async function locally(model: string, { signal, onProgress }: RunOptions, warnings: string[]): Promise<string> {
  if (!isHubReference(model)) return model
  return downloadModel(model, {
    signal,
    onWarning: (text) => warnings.push(text),
    onProgress: ({ file, done, total }) => {
      const megabytes = Math.max(1, Math.ceil(total / 1e6))
      onProgress?.({
        stage: 'load',
        done: Math.floor((done / Math.max(1, total)) * megabytes),
        total: megabytes,
        detail: `MB of ${file}`,
      })
    },
  })
}

/** The ONNX file, or the weights, that a path stands for; undefined for a bundle. */
export async function modelFile(path: string): Promise<string | undefined> {
  const entry = await stat(path).catch(() => undefined)
  if (!entry) {
    throw new TacoError(
      'NOT_FOUND',
      `there is no model at '${path}'; give an ONNX file, a folder with model.onnx or with config.json and model.safetensors, hf-hub:owner/name, or a bundle`,
    )
  }
  if (!entry.isDirectory()) return path
  if (await exists(join(path, 'manifest.json'))) return undefined
  for (const name of ['model.onnx', ...timmWeightFiles]) {
    const file = join(path, name)
    if (await exists(file)) return file
  }
  throw new TacoError(
    'NOT_FOUND',
    `the folder '${path}' holds no model.onnx or model.safetensors and is no bundle; give the model's ONNX file`,
  )
}

const exists = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined)) !== undefined

/** The batch size that was asked for, or the one that the model is fixed to. */
export function batchSizeOf(graph: Graph, wanted: number): number {
  const batch = graph.inputs[0]!.shape[0]
  return typeof batch === 'number' ? batch : wanted
}

/** Throws UNSUPPORTED for a model that takes several images at once and no single one. */
export function checkTakesOneImage(graph: Graph): void {
  const batch = graph.inputs[0]!.shape[0]
  if (typeof batch !== 'number' || batch === 1) return
  throw new TacoError(
    'UNSUPPORTED',
    `the model is fixed to batches of ${batch}: export it with a free batch, or for one image`,
  )
}

/** [C, H, W] of the graph's first input; throws UNSUPPORTED when it is no image. */
function imageSize(graph: Graph): [number, number, number] {
  const input = graph.inputs[0]
  if (!input || input.shape.length !== 4 || input.shape.slice(1).some((dim) => typeof dim !== 'number')) {
    const shape = input ? `[${input.shape.join(', ')}]` : 'missing'
    throw new TacoError(
      'UNSUPPORTED',
      `the model's first input is ${shape}; an image classifier takes [N, C, H, W] with fixed C, H, W`,
    )
  }
  return input.shape.slice(1) as [number, number, number]
}
