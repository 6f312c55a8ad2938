import type { Preprocess } from '@tacojs/calibration'
import { channelGroups, type ValueInfo } from '@tacojs/graph'
import { readBundle } from '@tacojs/model-io'
import { openBackend } from './backends.js'
import { obstacles, type Obstacle } from './inspect/backends.js'
import { bundleParts, type BundleParts } from './inspect/bundle-parts.js'
import { inspectLayers, type InspectedLayer } from './inspect/layers.js'
import { sizedGraph } from './sized.js'
import { layerKernels } from './layer-kernels.js'
import { modelCosts } from './model-costs.js'
import { openModel } from './open-model.js'
import type { RunOptions } from './progress.js'

export interface Inspection {
  readonly name: string
  readonly kind: 'bundle' | 'model'
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  readonly parameters: number
  readonly nonzeros: number
  /** For one image; absent where the model leaves the size of images open and none is given. */
  readonly macs?: number
  /** [C, H, W] that shapes and MACs are for, where the model leaves it open. */
  readonly imageSize?: readonly number[]
  /** How often each operator occurs after the passes. */
  readonly operators: Readonly<Record<string, number>>
  /** Absent where the model declares none. */
  readonly preprocess?: Preprocess
  /** Names of the classes in the order of the logits, where the model carries them. */
  readonly labels?: readonly string[]
  /** What the ONNX file says beside its graph. */
  readonly metadata: Readonly<Record<string, string>>
  readonly layers: readonly InspectedLayer[]
  /** What structured pruning can take out: channels, hidden units or heads that one layer sums over. */
  readonly groups: readonly { readonly name: string; readonly units: number; readonly exact: boolean }[]
  /** What cannot run, per backend; an empty list means that everything can. */
  readonly unsupported: Readonly<Record<string, readonly Obstacle[]>>
  /** Of a bundle: what it takes on disk. */
  readonly sizes?: Pick<BundleParts, 'files' | 'weights'>
  readonly warnings: readonly string[]
}

export interface InspectOptions extends RunOptions {
  /** [C, H, W] of the images, for a model that leaves it open; what the model declares unless given. */
  readonly imageSize?: readonly number[]
}

/**
 * What a model is: signature, costs, layers and which of them can be pruned, preprocessing, metadata, and where it can
 * run; of a bundle also what its parts take. Throws as `loadModel` does, but takes models of any input.
 */
export async function inspectModel(path: string, options: InspectOptions = {}): Promise<Inspection> {
  const { name, kind, graph, preprocess, labels, metadata, warnings } = await openModel(path, options)
  const operators: Record<string, number> = {}
  for (const { op } of graph.nodes) operators[op] = (operators[op] ?? 0) + 1
  const image = options.imageSize ?? preprocess?.inputSize
  const sized = sizedGraph(graph, image)
  const runs = graph.nodes.every((node) => openBackend().unsupported(node, graph) === undefined)
  const kernels = runs && sized ? await layerKernels(openBackend(), sized, image) : new Map<string, never>()
  const parts = kind === 'bundle' ? await bundleParts(path, (await readBundle(path)).graph) : undefined
  const { parameters, nonzeros, macs } = modelCosts(sized ?? graph)
  return {
    name,
    kind,
    inputs: graph.inputs,
    outputs: graph.outputs,
    parameters,
    nonzeros,
    ...(sized ? { macs } : {}),
    ...(sized && sized !== graph ? { imageSize: image } : {}),
    operators,
    ...(preprocess ? { preprocess } : {}),
    ...(labels ? { labels: labels.map((label) => label.name) } : {}),
    metadata: Object.fromEntries(metadata),
    layers: inspectLayers(graph, sized, kernels).map(({ node, ...layer }) => {
      const bytes = parts?.layers.get(node)
      return { ...layer, ...(bytes ? { bytes } : {}) }
    }),
    groups: channelGroups(graph).map(({ consumer, units, exact }) => ({
      name: consumer.name,
      units: units.length,
      exact,
    })),
    unsupported: obstacles(graph),
    ...(parts ? { sizes: { files: parts.files, weights: parts.weights } } : {}),
    warnings,
  }
}
