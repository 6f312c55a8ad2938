import { createGraph, float32, node, type Graph, type Tensor } from '@tacojs/graph'

/** Seeded values in (-0.5, 0.5). */
export function randomTensors(seed: number): (shape: number[]) => Tensor<'float32'> {
  let state = seed
  const next = (): number => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5
  return (shape) => float32(shape, Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next))
}

const conv = (x: string, name: string, y: string, size: number) =>
  node('Conv', [x, `${name}.weight`, `${name}.bias`], [y], {
    attributes: { kernel_shape: [size, size], pads: Array<number>(4).fill((size - 1) / 2) },
  })

/** Stem, a residual block (of `channels`) of two convolutions, of which the second is ten times weaker, and a head of four classes. */
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
