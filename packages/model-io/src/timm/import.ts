import { TacoError } from '@tacojs/errors'
import { createGraph, inferTypes, type Graph, type Tensor } from '@tacojs/graph'
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { downloadModel, type HubOptions } from '../hub/model.js'
import { isHubReference } from '../hub/reference.js'
import { readTimmConfig, type TimmConfig } from './config.js'
import { familyOf } from './families.js'
import { Network } from './network.js'
import { StateDict } from './state-dict.js'
import { readTimmWeights, timmWeightFiles } from './weights.js'

/**
 * Reads a model as timm publishes it: `hf-hub:owner/name[@revision]`, a folder with `config.json` and the weights
 * (`timmWeightFiles`), or the path of the latter.
 *
 * @param options for a model of the hub
 * @throws NOT_FOUND, IO, INVALID_DATA for the files, otherwise as `timmGraph`; for the hub as `downloadModel`
 */
export async function importTimm(model: string, options: HubOptions = {}): Promise<Graph> {
  const path = isHubReference(model) ? await downloadModel(model, options) : model
  const file = (await isFolder(path)) ? await weightsIn(path) : path
  const config = await readTimmConfig(join(dirname(file), 'config.json'))
  return timmGraph(config, await readTimmWeights(file), file)
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (s) => s.isDirectory(),
    () => false,
  )

/** The weights in a folder; where there are none, what they would be called, to be missed under that name. */
async function weightsIn(folder: string): Promise<string> {
  for (const name of timmWeightFiles) {
    const file = join(folder, name)
    if (await stat(file).catch(() => undefined)) return file
  }
  return join(folder, timmWeightFiles[0]!)
}

/**
 * The graph of a timm model from its weights: input `input` [batch, channels, height, width] in the config's size,
 * output `logits` [batch, classes]. Layers keep timm's names; depth, widths, groups, tokens and kernels are read off the
 * weights, what they cannot tell (heads, activations, pooling) from the architecture's name and `model_args`.
 *
 * @param where names the weights in errors
 * @throws UNSUPPORTED for a family, argument or weight that is not known, naming it; INVALID_WEIGHTS for weights that
 *   are missing, NaN or infinite; SHAPE_MISMATCH for weights that do not fit each other or the config
 */
export function timmGraph(config: TimmConfig, tensors: ReadonlyMap<string, Tensor>, where = 'the weights'): Graph {
  const { architecture, inputSize, numClasses } = config
  const build = familyOf(config)
  const net = new Network(new StateDict(tensors, where), 'input')
  const logits = build(net, config)
  net.weights.checkAllTaken(architecture)
  const graph = createGraph({
    name: architecture,
    inputs: [{ name: net.input, dtype: 'float32', shape: ['batch', ...inputSize] }],
    outputs: [],
    nodes: net.nodes,
    initializers: net.initializers,
  })
  const { dtype, shape } = inferTypes(graph).get(logits)!
  if (shape.length !== 2 || shape[1] !== numClasses) {
    throw new TacoError(
      'SHAPE_MISMATCH',
      `${where}: the classifier gives ${logits} [${shape.join(', ')}], the config states ${numClasses} classes`,
    )
  }
  return { ...graph, outputs: [{ name: logits, dtype, shape }] }
}
