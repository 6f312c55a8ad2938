import { createGraph, int64, node, prunableLayers, subgraph, type Attribute, type Tensor } from '@tacojs/graph'
import { openBackend } from '@tacojs/orchestrator'
import { createNumerics } from '@tacojs/solver'
import { createRandom, randomTensor } from '../../matrix/src/random.js'
import { layerProblems } from './layer-problems.js'
import { layerRows } from './layer-rows.js'

const random = createRandom(3)
const values = (...shape: number[]): Tensor<'float32'> => randomTensor(random, shape)

/** A convolution with stride, dilation and uneven padding, and a Linear on its 4·8 places as tokens. */
const window: Record<string, Attribute> = { strides: [2, 1], pads: [1, 0, 2, 1], dilations: [2, 1] }
const graph = createGraph({
  inputs: [{ name: 'image', dtype: 'float32', shape: ['batch', 3, 9, 8] }],
  outputs: [{ name: 'out', dtype: 'float32', shape: ['batch', 32, 5] }],
  initializers: {
    ...{ w: values(4, 3, 3, 2), b: values(4), v: values(5, 4), c: values(5) },
    shape: int64([3], [0, 4, -1]),
  },
  nodes: [
    node('Conv', ['image', 'w', 'b'], ['map'], { attributes: window }),
    node('Reshape', ['map', 'shape'], ['flat']),
    node('Transpose', ['flat'], ['tokens'], { attributes: { perm: [0, 2, 1] } }),
    node('Linear', ['tokens', 'v', 'c'], ['out'], { domain: 'ai.tacojs' }),
  ],
})
const layers = prunableLayers(graph, { all: true })
const batches = [values(3, 3, 9, 8), values(2, 3, 9, 8)]
const floats = (name: string): Float32Array => graph.initializers.get(name)!.tensor.data as Float32Array

test('each position: the inputs times the weights are the output that the network gave', async () => {
  const program = await openBackend('tfjs-cpu').compile(subgraph(graph, ['image'], ['map', 'tokens', 'out']))
  const given = await program.run({ image: batches[0]! })
  program.dispose()
  const [map, tokens, out] = [given.map!, given.tokens!, given.out!]
  for (const [layer, x, y] of [
    [layers[0]!, batches[0]!, map],
    [layers[1]!, tokens, out],
  ] as const) {
    let positions = 0
    for (const rows of layerRows(graph, layer, x, y)) {
      positions += rows.n
      for (let p = 0; p < rows.n; p++) {
        for (let row = 0; row < layer.rows; row++) {
          let sum = floats(layer.bias!)[row]!
          for (let j = 0; j < layer.cols; j++) {
            sum += floats(layer.weight)[row * layer.cols + j]! * rows.x[p * layer.cols + j]!
          }
          expect(sum).toBeCloseTo(rows.y[p * layer.rows + row]!, 5)
        }
      }
    }
    expect(positions).toBe(3 * 32)
  }
})

test('problems of all batches, of which the dense weights are the solution', async () => {
  const numerics = await createNumerics()
  try {
    const seen: number[] = []
    const problems = await layerProblems(graph, layers, stream(batches), {
      ...{ backend: openBackend(), numerics, threads: 1 },
      onImages: (done) => seen.push(done),
    })
    expect(seen).toEqual([3, 5])
    for (const [l, { rows, cols, h, b, xMean, yMean, positions }] of problems.entries()) {
      expect(positions).toBe(5 * 32)
      const [weights, bias] = [floats(layers[l]!.weight), floats(layers[l]!.bias!)]
      for (let row = 0; row < rows; row++) {
        const w = weights.subarray(row * cols, (row + 1) * cols)
        expect(yMean[row]).toBeCloseTo(
          w.reduce((sum, v, j) => sum + v * xMean[j]!, bias[row]!),
          5,
        )
        for (let j = 0; j < cols; j++) {
          const product = w.reduce((sum, v, k) => sum + v * h[k * cols + j]!, 0)
          expect(Math.abs(product - b[row * cols + j]!)).toBeLessThan(1e-5 * h[j * cols + j]!)
        }
      }
    }
  } finally {
    numerics.dispose()
  }
})

async function* stream(inputs: readonly Tensor<'float32'>[]): AsyncGenerator<{ input: Tensor<'float32'> }> {
  for (const input of inputs) yield { input }
}
