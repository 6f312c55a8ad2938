import { createGraph, float32, node, type Graph } from '@tacojs/graph'
import { conv, randomTensors } from '../../testing/layers.js'

/**
 * Stem, a residual block (of `channels`) of two convolutions, of which the second is ten times weaker, and a head of
 * four classes.
 */
export function residualNetwork(channels = 8): Graph {
  const random = randomTensors(7)
  const weaker = random([channels, channels, 1, 1])
  return createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 3, 6, 6] }],
    outputs: [{ name: 'logits', dtype: 'float32', shape: ['batch', 4] }],
    nodes: [
      conv('x', 'stem', 'stem', 3),
      node('Relu', ['stem'], ['a']),
      conv('a', 'block.conv1', 'b', 3),
      node('Relu', ['b'], ['c']),
      conv('c', 'block.conv2', 'd', 1),
      node('Add', ['d', 'a'], ['e']),
      node('GlobalAveragePool', ['e'], ['f']),
      node('Flatten', ['f'], ['g']),
      node('Linear', ['g', 'fc.weight', 'fc.bias'], ['logits'], { domain: 'ai.tacojs' }),
    ],
    initializers: {
      'stem.weight': random([channels, 3, 3, 3]),
      'stem.bias': random([channels]),
      'block.conv1.weight': random([channels, channels, 3, 3]),
      'block.conv1.bias': random([channels]),
      'block.conv2.weight': float32(
        [channels, channels, 1, 1],
        weaker.data.map((v) => v / 10),
      ),
      'block.conv2.bias': random([channels]),
      'fc.weight': random([4, channels]),
      'fc.bias': random([4]),
    },
  })
}
