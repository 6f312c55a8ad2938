import { TacoError } from '@tacojs/errors'
import { createGraph, inferTypes, type Graph, type Tensor } from '@tacojs/graph'
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readSafetensors } from '../safetensors/file.js'
import { readTimmConfig, type TimmConfig } from './config.js'
import { convnext } from './convnext.js'
import { Network } from './network.js'
import { resnet } from './resnet.js'
import { StateDict } from './state-dict.js'
import { vit } from './vit.js'

/** A family builds its network and returns the logits. */
type Family = (net: Network, config: TimmConfig) => string

/** By the architecture's name; those that are not meant have weights of the same names that mean something else. */
const families: readonly (readonly [named: RegExp, family: Family, except?: RegExp])[] = [
  [/^((wide_|eca|se)?resne[tx]|senet154)/, resnet, /^resnetv2/],
  [/^(vit|deit3?|flexivit|eva|eva02)_/, vit, /_rpn_|_dinov3|^vit_pe_|_rope_(?!reg)|^eva02_enormous/],
  [/^convnext(v2)?_/, convnext],
]

/**
 * Reads a model as timm publishes it: a folder with `config.json` and `model.safetensors`, or the path of the latter.
 *
 * @throws NOT_FOUND, IO, INVALID_DATA for the files, otherwise as `timmGraph`
 */
export async function importTimm(path: string): Promise<Graph> {
  const isFolder = await stat(path).then(
    (s) => s.isDirectory(),
    () => false,
  )
  const file = isFolder ? join(path, 'model.safetensors') : path
  const config = await readTimmConfig(join(dirname(file), 'config.json'))
  const { tensors } = await readSafetensors(file)
  return timmGraph(config, tensors, file)
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
  const found = families.find(([named, , except]) => named.test(architecture) && !except?.test(architecture))
  if (!found) {
    throw new TacoError(
      'UNSUPPORTED',
      `architecture '${architecture}' is not one that is read from weights (ResNet, ViT, ConvNeXt): export the model to ONNX`,
    )
  }
  const net = new Network(new StateDict(tensors, where), 'input')
  const logits = found[1](net, config)
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
