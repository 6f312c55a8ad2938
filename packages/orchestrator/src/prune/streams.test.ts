import { createGraph, float32, node, subgraph, type Graph, type Node, type Tensor } from '@tacojs/graph'
import { createNumerics } from '@tacojs/solver'
import { openBackend } from '../backends.js'
import { parseRecipe } from '../recipe.js'
import { prune } from './prune.js'

const random = (shape: number[], seed: number): Tensor => {
  let state = seed
  return float32(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
      state = (state * 48271) % 2147483647
      return state / 2147483647 - 0.5
    }),
  )
}

const linear = (x: string, name: string) =>
  node('Linear', [x, `${name}.weight`, `${name}.bias`], [name], { domain: 'ai.tacojs', name })

/** Two residual branches on a stream of five tokens; the first one reads it through two layers. */
function twoBranches(first: readonly Node[]): Graph {
  const names = ['stem', 'q', 'k', 'proj', 'fc1', 'fc2', 'head']
  return createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 5, 8] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 5, 8] }],
    nodes: [
      { ...linear('x', 'stem'), outputs: ['s'] },
      ...first,
      node('Mul', ['q', 'k'], ['qk']),
      linear('qk', 'proj'),
      node('Add', ['s', 'proj'], ['sum1']),
      node('LayerNormalization', ['sum1', 'one'], ['normed'], { attributes: { axis: -1 } }),
      linear('normed', 'fc1'),
      node('Gelu', ['fc1'], ['act'], { domain: 'ai.tacojs' }),
      linear('act', 'fc2'),
      node('Add', ['sum1', 'fc2'], ['sum2']),
      { ...linear('sum2', 'head'), outputs: ['y'] },
    ],
    initializers: {
      one: float32([8], new Float32Array(8).fill(1)),
      ...Object.fromEntries(
        names.flatMap((name, i) => [
          [`${name}.weight`, random([8, 8], 11 + i)],
          [`${name}.bias`, random([8], 31 + i)],
        ]),
      ),
    },
  })
}

const graph = twoBranches([linear('s', 'q'), node('Relu', ['q'], ['unused']), linear('s', 'k')])
const batches = [random([6, 5, 8], 3), random([6, 5, 8], 4), random([2, 5, 8], 5)]
const backend = openBackend('tfjs-cpu')

const pruned = async (g: Graph, fields: object) => {
  const recipe = parseRecipe({ model: '-', data: '-', sparsity: 0.5, positionWeights: false, ...fields })
  return prune(g, batches, { backend, linalg: await createNumerics(), recipe })
}

test.each(['dense', 'sparse'])(
  'layers that read one value share their statistics, and get what each would get alone: target %s',
  async (target) => {
    const apart = twoBranches([linear('s', 'q'), node('Identity', ['s'], ['s2']), linear('s2', 'k')])
    const [together, alone] = [await pruned(graph, { target }), await pruned(apart, { target })]
    expect(together.layers.map((l) => l.name)).toEqual(['q', 'k', 'proj', 'fc1', 'fc2'])
    for (const [i, layer] of together.layers.entries()) {
      const other = alone.layers[i]!
      expect([layer.name, layer.nonzeros]).toEqual([other.name, other.nonzeros])
      expect(layer.relativeError).toBeCloseTo(other.relativeError, 6)
      expect(layer.relativeFloor).toBeCloseTo(other.relativeFloor, 6)
    }
    const weights = (g: Graph, name: string) => g.initializers.get(`${name}.weight`)!.tensor.data as Float32Array
    for (const name of ['q', 'k', 'fc2']) {
      weights(together.graph, name).forEach((w, i) => expect(w).toBeCloseTo(weights(alone.graph, name)[i]!, 4))
    }
  },
)

/** A block that halves the size, as in ResNets: its shortcut reads what the first convolution reads, last in the graph. */
function halving(shortcut: readonly Node[]): Graph {
  const conv = (x: string, name: string, stride: number, pad: number): Node =>
    node('Conv', [x, `${name}.weight`, `${name}.bias`], [name], {
      name,
      attributes: { strides: [stride, stride], pads: [pad, pad, pad, pad] },
    })
  const shapes = {
    stem: [4, 4, 1, 1],
    conv1: [3, 4, 3, 3],
    conv2: [6, 3, 1, 1],
    down: [6, 4, 1, 1],
    last: [4, 6, 1, 1],
  }
  return createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 4, 6, 6] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 4] }],
    nodes: [
      conv('x', 'stem', 1, 0),
      node('Relu', ['stem'], ['s']),
      conv('s', 'conv1', 2, 1),
      node('Relu', ['conv1'], ['r']),
      conv('r', 'conv2', 1, 0),
      ...shortcut,
      conv(shortcut[0]?.outputs[0] ?? 's', 'down', 2, 0),
      node('Add', ['conv2', 'down'], ['sum']),
      node('Relu', ['sum'], ['out']),
      conv('out', 'last', 1, 0),
      node('GlobalAveragePool', ['last'], ['pooled']),
      node('Flatten', ['pooled'], ['y']),
    ],
    initializers: Object.fromEntries(
      Object.entries(shapes).flatMap(([name, shape], i) => [
        [`${name}.weight`, random(shape, 51 + i)],
        [`${name}.bias`, random([shape[0]!], 71 + i)],
      ]),
    ),
  })
}

test.each(['dense', 'sparse'])(
  'layers that read one value through other windows are solved before it is left, and get what each gets later: %s',
  async (target) => {
    const images = [random([4, 4, 6, 6], 6), random([3, 4, 6, 6], 7)]
    const results = []
    for (const shortcut of [[], [node('Identity', ['s'], ['s2'])]]) {
      const recipe = parseRecipe({ model: '-', data: '-', sparsity: 0.5, positionWeights: false, target })
      results.push(await prune(halving(shortcut), images, { backend, linalg: await createNumerics(), recipe }))
    }
    const [soon, late] = results as [Awaited<ReturnType<typeof prune>>, Awaited<ReturnType<typeof prune>>]
    const [early, order] = [soon.layers, late.layers].map((layers) => layers.map(({ name }) => name))
    expect(early!.indexOf('down')).toBeLessThan(early!.indexOf('conv2'))
    expect(order!.indexOf('down')).toBeGreaterThan(order!.indexOf('conv2'))
    for (const name of order!) {
      const [a, b] = [soon, late].map(
        ({ graph: g }) => g.initializers.get(`${name}.weight`)!.tensor.data as Float32Array,
      )
      expect(a).toEqual(b)
    }
  },
)

test('the residual target takes the stream nearer to the dense one than the dense target, and is the default here', async () => {
  const distance = async (fields: object): Promise<number> => {
    const { graph: g } = await pruned(graph, { sparsity: 0.7, layers: { fc2: { sparsity: 0 } }, ...fields })
    const sums = async (of: Graph): Promise<Float32Array[]> => {
      const program = await backend.compile(subgraph(of, ['x'], ['sum2']))
      const all: Float32Array[] = []
      for (const x of batches) all.push((await program.run({ x }))['sum2']!.data as Float32Array)
      program.dispose()
      return all
    }
    const [ours, theirs] = [await sums(g), await sums(graph)]
    return ours.flatMap((batch, i) => [...batch].map((v, j) => (v - theirs[i]![j]!) ** 2)).reduce((a, b) => a + b, 0)
  }
  const [auto, residual, dense] = [
    await distance({}),
    await distance({ target: 'residual' }),
    await distance({ target: 'dense' }),
  ]
  expect(auto).toBe(residual)
  expect(residual).toBeLessThan(0.9 * dense)
})

test('half of the positions serve nearly as well as all, in sequences of tokens and for the same counts', async () => {
  const [all, half] = [await pruned(graph, {}), await pruned(graph, { positions: 0.5 })]
  expect(half.layers.map((l) => l.nonzeros)).toEqual(all.layers.map((l) => l.nonzeros))
  for (const layer of half.layers) expect(layer.relativeError).toBeLessThan(1)
})
