import { createGraph, inferTypes, node, subgraph, type Graph, type Tensor } from '@tacojs/graph'
import { createNumerics } from '@tacojs/solver'
import { openBackend } from '../backends.js'
import { parseRecipe } from '../recipe.js'
import { prune } from './prune.js'
import { channelsLast } from './testing/channels-last.js'
import { conv, randomTensors } from '../testing/layers.js'

const random = randomTensors(1)

/** Stem, a residual block with a grouped and a pointwise convolution, head. */
const graph: Graph = createGraph({
  inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 3, 6, 6] }],
  outputs: [{ name: 'logits', dtype: 'float32', shape: ['batch', 4] }],
  nodes: [
    conv('x', 'stem', 'stem', 3),
    node('Relu', ['stem'], ['a']),
    conv('a', 'block.conv1', 'b', 3, 2),
    node('Relu', ['b'], ['c']),
    conv('c', 'block.conv2', 'd', 1),
    node('Add', ['d', 'a'], ['e']),
    node('GlobalAveragePool', ['e'], ['f']),
    node('Flatten', ['f'], ['g']),
    node('Linear', ['g', 'fc.weight', 'fc.bias'], ['logits'], { domain: 'ai.tacojs' }),
  ],
  initializers: {
    'stem.weight': random([8, 3, 3, 3]),
    'stem.bias': random([8]),
    'block.conv1.weight': random([8, 4, 3, 3]),
    'block.conv1.bias': random([8]),
    'block.conv2.weight': random([8, 8, 1, 1]),
    'block.conv2.bias': random([8]),
    'fc.weight': random([4, 8]),
    'fc.bias': random([4]),
  },
})

const batches = [random([4, 3, 6, 6]), random([3, 3, 6, 6])]
const backend = openBackend('tfjs-cpu')

/** A convolution's output for all batches as rows [positions, channels]. */
async function outputs(g: Graph, value: string): Promise<{ rows: Float64Array; channels: number }> {
  const program = await backend.compile(subgraph(g, ['x'], [value]))
  const parts: number[] = []
  for (const x of batches) parts.push(...channelsLast((await program.run({ x }))[value]!, 0, 8))
  program.dispose()
  return { rows: Float64Array.from(parts), channels: 8 }
}

const pruned = async (fields: object) => {
  const recipe = parseRecipe({ model: '-', data: '-', sparsity: 0.5, positionWeights: false, ...fields })
  return prune(graph, batches, { backend, linalg: await createNumerics(), recipe })
}

test.each(['fastobc', 'magnitude', 'admm'])(
  '%s: the reported error is that of the outputs, dense against pruned network, groups and bias included',
  async (method) => {
    const { graph: sparse, layers } = await pruned({ method })
    expect(layers.map((l) => [l.name, l.groups, l.nonzeros])).toEqual([
      ['block.conv1', 2, 144],
      ['block.conv2', 1, 32],
    ])
    for (const [i, value] of ['b', 'd'].entries()) {
      const { rows: dense, channels } = await outputs(graph, value)
      const { rows: ours } = await outputs(sparse, value)
      const positions = dense.length / channels
      const mean = new Float64Array(channels)
      dense.forEach((v, j) => (mean[j % channels]! += v / positions))
      const error = dense.reduce((sum, v, j) => sum + (v - ours[j]!) ** 2, 0)
      const energy = dense.reduce((sum, v, j) => sum + (v - mean[j % channels]!) ** 2, 0)
      expect(layers[i]!.relativeError).toBeCloseTo(error / energy, 5)
      expect(layers[i]!.relativeFloor).toBeLessThanOrEqual(layers[i]!.relativeError)
    }
    // the first pruned layer sees the dense stream: nothing but its own zeros is in the way
    expect(layers[0]!.relativeFloor).toBeLessThan(1e-6)
    expect(inferTypes(sparse).get('logits')!.shape).toEqual(['batch', 4])
  },
)

test('nothing is pruned at sparsity 0, and everything at 1 leaves the mean output', async () => {
  const none = await pruned({ sparsity: 0 })
  for (const layer of none.layers) expect(layer.relativeError).toBeLessThan(1e-6)
  const all = await pruned({ sparsity: 1 })
  expect(all.layers.map((l) => [l.sparsity, l.nonzeros])).toEqual([
    [1, 0],
    [1, 0],
  ])
  for (const layer of all.layers) expect(layer.relativeError).toBeCloseTo(1, 5)
})

test('a grouped convolution has as many zeros as any layer, though its groups are pruned one by one', async () => {
  // 288 weights in two groups: three zeros, which do not come out even
  const { layers } = await pruned({ sparsity: 0.0105 })
  expect(layers.map((l) => [l.name, l.nonzeros])).toEqual([
    ['block.conv1', 285],
    ['block.conv2', 64],
  ])
})

test('the dense target undoes what went wrong before; the layer’s own output as target does not', async () => {
  const [dense, sparse] = [await pruned({ sparsity: 0.7 }), await pruned({ sparsity: 0.7, target: 'sparse' })]
  const distance = async (g: Graph): Promise<number> => {
    const [{ rows: wanted }, { rows: got }] = [await outputs(graph, 'd'), await outputs(g, 'd')]
    return wanted.reduce((sum, v, i) => sum + (v - got[i]!) ** 2, 0)
  }
  expect(await distance(dense.graph)).toBeLessThan(await distance(sparse.graph))
})

test('layers can be kept dense by name', async () => {
  const { graph: g, layers } = await pruned({ keep: ['*.conv2'] })
  expect(layers.map((l) => l.name)).toEqual(['block.conv1'])
  expect(g.initializers.get('block.conv2.weight')).toBe(graph.initializers.get('block.conv2.weight'))
})

test('a layer can have a sparsity, a pattern and a method of its own, or stay dense; the later pattern wins', async () => {
  const { layers } = await pruned({
    layers: { '*': { sparsity: 0.25 }, '*.conv2': { sparsity: 0.75, method: 'magnitude' } },
  })
  expect(layers.map((l) => [l.name, l.nonzeros, l.method])).toEqual([
    ['block.conv1', 216, 'admm'],
    ['block.conv2', 16, 'magnitude'],
  ])
  const other = await pruned({ layers: { '*.conv1': { pattern: '1:4' }, '*.conv2': { keep: true } } })
  expect(other.layers.map((l) => [l.name, l.nonzeros, l.pattern])).toEqual([['block.conv1', 72, '1:4']])
  await expect(pruned({ layers: { 'head.*': { sparsity: 0 } } })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(pruned({ layers: { '*': { pattern: '2:4', sparsity: 0.5 } } })).rejects.toThrow(/pattern 2:4/)
})

test('a model that has zeros keeps them on a warm start, and they count', async () => {
  const once = await pruned({ sparsity: 0.5 })
  const recipe = parseRecipe({ model: '-', data: '-', sparsity: 0.75 })
  const linalg = await createNumerics()
  const twice = await prune(once.graph, batches, { backend, linalg, recipe, warmStart: true })
  const cold = await prune(once.graph, batches, { backend, linalg, recipe, warmStart: false })
  expect(twice.layers.map((l) => l.nonzeros)).toEqual([72, 16])
  const revived = (g: Graph, name: string): number => {
    const [before, after] = [once.graph, g].map((of) => of.initializers.get(name)!.tensor.data as Float32Array)
    return before!.reduce((sum, w, i) => sum + Number(w === 0 && after![i] !== 0), 0)
  }
  expect([revived(twice.graph, 'block.conv1.weight'), revived(twice.graph, 'block.conv2.weight')]).toEqual([0, 0])
  expect(cold.layers.map((l) => l.nonzeros)).toEqual([72, 16])
})

test('layers that share one bias in the file are pruned as if each had its own', async () => {
  const bias = graph.initializers.get('block.conv1.bias')!
  const run = async (g: Graph) => {
    const recipe = parseRecipe({ model: '-', data: '-' })
    return prune(g, batches, { backend, linalg: await createNumerics(), recipe })
  }
  const apart = { ...graph, initializers: new Map(graph.initializers).set('block.conv2.bias', bias) }
  const shared = {
    ...graph,
    nodes: graph.nodes.map((n) => ({
      ...n,
      inputs: n.inputs.map((i) => (i === 'block.conv2.bias' ? 'block.conv1.bias' : i)),
    })),
  }
  const [expected, got] = [await run(apart), await run(shared)]
  expect(got.layers).toEqual(expected.layers)
  const logits = async (g: Graph): Promise<Tensor> => {
    const program = await backend.compile(g)
    return (await program.run({ x: batches[0]! }))['logits']!
  }
  expect(await logits(got.graph)).toEqual(await logits(expected.graph))
})
