import { createGraph, float32, node, type Graph, type Tensor } from '@tacojs/graph'
import { pruneMatrix } from '../prune.js'
import { createRandom, randomTensor } from '../random.js'
import { patternName, type Sparsity } from '../sparsity.js'
import type { LayerShape } from './shapes.js'

/** A network of one layer with pruned random weights, noted as sparse, and an input for it. */
export function layerGraph(shape: LayerShape, sparsity: Sparsity): { graph: Graph; input: Tensor } {
  const { kind, from, to, size, kernel } = shape
  const random = createRandom(1)
  const cols = from * kernel * kernel
  const dense = randomTensor(random, [to, cols], Math.sqrt(3 / cols))
  const weights = pruneMatrix(dense.data, to, cols, sparsity)
  const nonzeros = weights.reduce((count, v) => count + (v === 0 ? 0 : 1), 0)
  const tensor = float32(kind === 'linear' ? [to, from] : [to, from, kernel, kernel], weights)
  const [inside, outside] =
    kind === 'linear'
      ? [
          [size, from],
          [size, to],
        ]
      : [
          [from, size, size],
          [to, size, size],
        ]
  const pad = (kernel - 1) / 2
  const layer =
    kind === 'linear'
      ? node('Linear', ['x', 'weight', 'bias'], ['y'], { domain: 'ai.tacojs' })
      : node('Conv', ['x', 'weight', 'bias'], ['y'], {
          attributes: { kernel_shape: [kernel, kernel], pads: [pad, pad, pad, pad], strides: [1, 1] },
        })
  const graph = createGraph({
    name: shape.name,
    inputs: [{ name: 'x', dtype: 'float32', shape: [1, ...inside] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: [1, ...outside] }],
    nodes: [layer],
    initializers: {
      weight: { tensor, sparsity: { pattern: patternName(sparsity), nonzeros } },
      bias: randomTensor(random, [to], 0.1),
    },
  })
  return { graph, input: randomTensor(random, [1, ...inside]) }
}
