import { createGraph, float32, inferTypes, int64, node, type Graph, type Node, type Tensor } from '@tacojs/graph'
import { createNumerics } from '@tacojs/solver'
import { openBackend } from '../backends.js'
import { parseRecipe } from '../recipe.js'
import { conv, randomTensors } from '../testing/layers.js'
import { imageOrders, inRowOrder, rowsOfImage } from './image-order.js'
import { planLayers } from './plan.js'
import { prune } from './prune.js'
import { samplings } from './sampling.js'

const random = randomTensors(5)
const backend = openBackend('tfjs-cpu')
const linear = (x: string, name: string, y = name) =>
  node('Linear', [x, `${name}.weight`, `${name}.bias`], [y], { domain: 'ai.tacojs', name })
const turned = (x: string, y: string) => node('Transpose', [x], [y], { attributes: { perm: [1, 0, 2] } })

const names = ['stem', 'q', 'k', 'out', 'fc1', 'fc2', 'head']
const weights = Object.fromEntries(
  names.flatMap((name) => {
    const rows = name === 'head' ? 5 : 8
    return [
      [`${name}.weight`, random([rows, 8])],
      [`${name}.bias`, random([rows])],
    ]
  }),
)

/** A block on six tokens: as a rule, or as nn.MultiheadAttention has it, on [tokens, images], or flat for `out`. */
function block(form: 'batch first' | 'tokens first' | 'flat'): Graph {
  const first = form === 'batch first'
  const x = first ? 'stem' : 't'
  return createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 6, 8] }],
    outputs: [{ name: 'z', dtype: 'float32', shape: ['batch', 5] }],
    nodes: [
      linear('x', 'stem'),
      ...(first ? [] : [turned('stem', 't')]),
      linear(x, 'q'),
      linear(x, 'k'),
      node('Mul', ['q', 'k'], ['qk']),
      ...(form === 'flat'
        ? [
            node('Reshape', ['qk', 'flat'], ['rows']),
            linear('rows', 'out', 'flat.out'),
            node('Reshape', ['flat.out', 'back'], ['shaped']),
          ]
        : [linear('qk', 'out')]),
      ...(first ? [] : [turned(form === 'flat' ? 'shaped' : 'out', 'result')]),
      node('Add', ['stem', first ? 'out' : 'result'], ['sum1']),
      linear('sum1', 'fc1'),
      node('Relu', ['fc1'], ['act']),
      linear('act', 'fc2'),
      node('Add', ['sum1', 'fc2'], ['sum2']),
      node('Gather', ['sum2', 'first'], ['token'], { attributes: { axis: 1 } }),
      linear('token', 'head', 'z'),
    ],
    initializers: { ...weights, flat: int64([2], [-1, 8]), back: int64([3], [6, -1, 8]), first: int64([], [0]) },
  })
}

test('the order follows the batch through transpositions and reshapes', () => {
  const orderOf = imageOrders(block('flat'))
  expect(['x', 'stem', 'sum1', 'fc2', 'token', 'z'].map(orderOf)).toEqual(Array(6).fill(Infinity))
  expect(['t', 'q', 'qk', 'rows', 'shaped'].map(orderOf)).toEqual(Array(5).fill(1))
  expect(orderOf('result')).toBe(Infinity)
})

const ints = (...values: number[]): Tensor => int64([values.length], values)
const turn = (x: string, y: string, ...perm: number[]) => node('Transpose', [x], [y], { attributes: { perm } })

/** Ways to move [batch, 16, 8], as attentions of windows and of heads have it, each step a value; and their orders. */
const moves: Record<string, { nodes: Node[]; orders: number[] }> = {
  'windows as images, their tokens first': {
    nodes: [node('Reshape', ['x', 'four'], ['a']), turn('a', 'b', 1, 0, 2), node('Reshape', ['b', 'flat'], ['c'])],
    orders: [Infinity, 4, 4],
  },
  'heads as images, after the tokens and before them': {
    nodes: [turn('x', 'a', 1, 0, 2), node('Reshape', ['a', 'heads'], ['b']), turn('b', 'c', 1, 0, 2)],
    orders: [1, 2, Infinity],
  },
  'the first windows of all images, then the second ones': {
    nodes: [
      node('Reshape', ['x', 'windows'], ['a']),
      turn('a', 'b', 1, 0, 2, 3),
      node('Reshape', ['b', 'four'], ['c']),
      node('Reshape', ['c', 'apart'], ['d']),
      turn('d', 'e', 1, 2, 0, 3),
    ],
    orders: [Infinity, 4, 4, 4, Infinity],
  },
  'positions on both sides': {
    nodes: [
      node('Reshape', ['x', 'windows'], ['a']),
      turn('a', 'b', 2, 0, 1, 3),
      node('Unsqueeze', ['b', 'axis'], ['c']),
    ],
    orders: [Infinity, 4, 4],
  },
}

test.each(Object.keys(moves).flatMap((name) => ['batch', 3, 4, 8].map((batch) => ({ name, batch }))))(
  '$name, a batch of $batch: rows are those of their images',
  async ({ name, batch }) => {
    const { nodes, orders } = moves[name]!
    const values = nodes.flatMap(({ outputs }) => outputs)
    const images = typeof batch === 'number' ? batch : 5
    const moved = createGraph({
      inputs: [{ name: 'x', dtype: 'float32', shape: [batch, 16, 8] }],
      outputs: [],
      nodes,
      initializers: {
        ...{ four: ints(-1, 4, 8), windows: ints(-1, 4, 4, 8), apart: ints(4, -1, 4, 8) },
        ...{ heads: ints(16, -1, 4), flat: ints(-1, 8), axis: ints(0) },
      },
    })
    const types = inferTypes(moved)
    const graph = { ...moved, outputs: values.map((value) => ({ name: value, ...types.get(value)! })) }
    const orderOf = imageOrders(graph)
    expect(values.map(orderOf)).toEqual(orders)
    // each element says whose it is
    const x = float32(
      [images, 16, 8],
      Float32Array.from({ length: images * 128 }, (_, i) => Math.floor(i / 128)),
    )
    const program = await backend.compile(graph)
    const made = await program.run({ x })
    program.dispose()
    for (const value of values) {
      const { shape, data } = made[value]!
      const last = shape[shape.length - 1]!
      const rows = (data as Float32Array).filter((_, i) => i % last === 0)
      const own = Array.from({ length: images }, (_, image) => [...rowsOfImage(rows, image, images, orderOf(value)!)])
      expect(own).toEqual(own.map((row, image) => Array(row.length).fill(image)))
    }
  },
)

test('no order where the batch is lost, nor where sizes that only images have decide it', () => {
  const graph = createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 'height', 'width', 4] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['width', 'batch', 'height', 4] }],
    nodes: [
      turn('x', 'lines', 1, 0, 2, 3),
      node('ReduceMax', ['lines', 'axis'], ['largest'], { attributes: { keepdims: 0 } }),
      turn('x', 'y', 2, 0, 1, 3),
    ],
    initializers: { axis: ints(1) },
  })
  const orderOf = imageOrders(graph)
  expect(['x', 'lines', 'largest', 'y'].map(orderOf)).toEqual([Infinity, undefined, undefined, undefined])
})

test('sizes that only images have are no matter behind the batch', () => {
  const graph = createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 'height', 'width', 4] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 'positions', 4] }],
    nodes: [node('Reshape', ['x', 'shape'], ['y'])],
    initializers: { shape: ints(0, -1, 4) },
  })
  expect(imageOrders(graph)('y')).toBe(Infinity)
})

test('weights by image and position, in the order of rows', () => {
  const of = (...rows: number[][]) => rows.map((row) => Float32Array.from(row))
  const positions = of([1, 2, 3], [4, 5, 6], [7, 8, 9])
  expect(inRowOrder(positions, [2, 1], 1)).toEqual(of([1, 4, 2], [5, 3, 6], [7, 8, 9]))
  expect(inRowOrder(of([1, 2, 3, 4], [5, 6, 7, 8]), [2], 2)).toEqual(of([1, 2, 5, 6], [3, 4, 7, 8]))
})

test.each(['tokens first', 'flat'] as const)('%s: the same weights, and the same layers come out', async (form) => {
  const batches: Tensor[] = [random([6, 6, 8]), random([5, 6, 8])]
  const of = async (graph: Graph) => {
    const recipe = parseRecipe({ model: '-', data: '-', sparsity: 0.5, positions: 1, target: 'dense' })
    const plan = planLayers(graph, recipe)
    const context = { backend, linalg: await createNumerics(), recipe }
    return {
      names: plan.groups.map(({ members }) => members.map(({ layer }) => layer.name).join()),
      sampled: await samplings(plan.graph, plan.groups, batches, context),
      layers: (await prune(graph, batches, context)).layers,
    }
  }
  const [expected, got] = [await of(block('batch first')), await of(block(form))]
  expect(got.names).toEqual(expected.names)
  for (const [g, { weights: own }] of expected.sampled.entries()) {
    const rowsOf = (weights: ((image: number) => Float32Array) | undefined) =>
      Array.from({ length: 11 }, (_, image) => [...weights!(image)])
    const [wanted, found] = [rowsOf(own), rowsOf(got.sampled[g]!.weights)]
    const sorted = (rows: number[][]) => rows.flat().sort((a, b) => a - b)
    sorted(wanted).forEach((w, i) => expect(sorted(found)[i]).toBeCloseTo(w, 4))
    // the first token of each image counts for most behind the last attention
    if (expected.names[g] === 'out') {
      const first = found.flat().map((w) => w > 0.1)
      expect(first.slice(0, 6)).toEqual(Array(6).fill(true))
      expect(first.slice(6, 36)).toEqual(Array(30).fill(false))
    }
  }
  for (const [i, layer] of expected.layers.entries()) {
    expect(got.layers[i]).toMatchObject({ name: layer.name, nonzeros: layer.nonzeros })
    expect(got.layers[i]!.relativeError).toBeCloseTo(layer.relativeError, 4)
  }
})

test('a convolution on parts of the images sees all of them', async () => {
  // four windows of 3×3 pixels of each image, or these as the images
  const shared = {
    'stem.weight': random([8, 8, 3, 3]),
    'stem.bias': random([8]),
    'conv.weight': random([8, 8, 3, 3]),
    'conv.bias': random([8]),
    'head.weight': weights['head.weight']!,
    'head.bias': weights['head.bias']!,
  }
  const layers = [conv('parts', 'stem', 's', 3), node('Relu', ['s'], ['a']), conv('a', 'conv', 'c', 3)]
  const outputs = [{ name: 'z', dtype: 'float32' as const, shape: ['batch', 5] }]
  const windows = createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 4, 8, 3, 3] }],
    outputs,
    nodes: [
      node('Reshape', ['x', 'apart'], ['parts']),
      ...layers,
      node('Reshape', ['c', 'together'], ['whole']),
      node('ReduceMean', ['whole', 'axes'], ['pooled'], { attributes: { keepdims: 0 } }),
      linear('pooled', 'head', 'z'),
    ],
    initializers: {
      ...shared,
      apart: int64([4], [-1, 8, 3, 3]),
      together: int64([5], [-1, 4, 8, 3, 3]),
      axes: int64([3], [1, 3, 4]),
    },
  })
  const alone = createGraph({
    inputs: [{ name: 'parts', dtype: 'float32', shape: ['batch', 8, 3, 3] }],
    outputs,
    nodes: [
      ...layers,
      node('GlobalAveragePool', ['c'], ['mean']),
      node('Flatten', ['mean'], ['pooled']),
      linear('pooled', 'head', 'z'),
    ],
    initializers: shared,
  })
  const batches = [random([3, 4, 8, 3, 3]), random([2, 4, 8, 3, 3])]
  const apart = batches.map(({ shape, data }) => float32([shape[0]! * 4, 8, 3, 3], data as Float32Array))
  const errorOf = async (graph: Graph, inputs: Tensor[], fields: object) => {
    const recipe = parseRecipe({ model: '-', data: '-', sparsity: 0.5, target: 'dense', ...fields })
    const { layers } = await prune(graph, inputs, { backend, linalg: await createNumerics(), recipe })
    expect(layers.map(({ name }) => name)).toEqual(['conv'])
    return layers[0]!.relativeError
  }
  const plain = { positionWeights: false, positions: 1 }
  const expected = await errorOf(alone, apart, plain)
  expect(await errorOf(windows, batches, plain)).toBeCloseTo(expected, 9)
  // the weights of all positions are there, and half of these are enough
  for (const positions of [1, 0.5]) {
    const weighed = await errorOf(windows, batches, { positions })
    expect(Math.abs(weighed / expected - 1)).toBeLessThan(0.5)
  }
})
