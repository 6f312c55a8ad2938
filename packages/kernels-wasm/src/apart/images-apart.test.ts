import { cases, runOracle } from '@tacojs/conformance'
import {
  createGraph,
  float32,
  gradient,
  inferTypes,
  int64,
  node,
  sizeOf,
  withInitializers,
  type Graph,
  type Node,
  type Tensor,
} from '@tacojs/graph'
import { convolutional, graphOf, noise, transformer, wide } from '../testing/graphs.js'
import { imagesApart } from './images-apart.js'
import { rules } from './rules.js'
import { worthApart } from './worth-apart.js'

const apart = (graph: Graph): boolean => imagesApart(graph, (name) => graph.initializers.get(name)?.tensor)

const inputsOf = (graph: Graph, batch: number): Record<string, Tensor> =>
  Object.fromEntries(
    graph.inputs.map(({ name, shape }, i) => [name, noise([batch, ...(shape.slice(1) as number[])], i + 1)]),
  )

const elements = (t: Tensor, from: number, to: number): ArrayLike<number> => {
  const each = sizeOf(t.shape.slice(1))
  return (t.data as Float64Array).slice(from * each, to * each)
}

/** A batch by the oracle, in float64, beside its images by the oracle one by one. */
function bothWays(graph: Graph, inputs: Readonly<Record<string, Tensor>>): [whole: unknown, single: unknown][] {
  const whole = runOracle(graph, inputs)
  const batch = Object.values(inputs)[0]!.shape[0]!
  return Array.from({ length: batch }, (_, i) => {
    const one = Object.entries(inputs).map(([name, t]): [string, Tensor] => {
      return [name, float32([1, ...t.shape.slice(1)], Array.from(elements(t, i, i + 1)))]
    })
    return Object.entries(runOracle(graph, Object.fromEntries(one))).map(([name, y]): [unknown, unknown] => {
      expect(y.shape).toEqual([1, ...whole[name]!.shape.slice(1)])
      return [elements(whole[name]!, i, i + 1), y.data]
    })
  }).flat()
}

/** The gradients of the weighted sum of the outputs. */
const backward = (graph: Graph, wrt: readonly string[]): Graph => gradient(graph, { of: 'y', seed: 'seed', wrt }).graph

const networks: [string, Graph][] = [
  ['a transformer', transformer()],
  ['a transformer that reads all tokens', transformer('mean', 21)],
  ['a transformer that reads two tokens', transformer('two')],
  ['a convolutional network', convolutional()],
  ['a network of wide layers', wide()],
  ['the gradient of a transformer', backward(transformer(), ['qkv', 'o', 'u', 'd'])],
  ['the gradient of a convolutional network', backward(convolutional(), ['c1', 'c2'])],
]

test.each(networks)('%s keeps its images apart, and by the oracle it does', (_name, graph) => {
  expect(apart(graph)).toBe(true)
  for (const [whole, single] of bothWays(graph, inputsOf(graph, 3))) expect(single).toEqual(whole)
})

/** The graph with any number of images where its inputs have one number along axis 0. */
function ofAnyBatch(graph: Graph): Graph {
  const free = <T extends { readonly shape: Graph['inputs'][number]['shape'] }>(v: T): T => ({
    ...v,
    shape: ['batch', ...v.shape.slice(1)],
  })
  return {
    ...graph,
    inputs: graph.inputs.map(free),
    outputs: graph.outputs.map((o) => ({ ...o, shape: o.shape.map((_, d) => `${o.name}.${d}`) })),
  }
}

test('operators that are taken to keep images apart do so by the oracle, in every form that conformance has', () => {
  const operators = new Set<string>()
  for (const { graph: make } of cases) {
    const given = make()
    const sizes = new Set(given.inputs.map(({ shape }) => shape[0]))
    if (
      sizes.size !== 1 ||
      given.inputs.some(({ shape }) => shape.length === 0) ||
      given.outputs.some(({ dtype }) => dtype !== 'float32')
    )
      continue
    const graph = ofAnyBatch(given)
    let found: boolean
    try {
      found = apart(graph)
    } catch {
      continue
    }
    if (!found) continue
    for (const { op } of graph.nodes) operators.add(op)
    for (const [whole, single] of bothWays(graph, inputsOf(graph, 2))) expect(single).toEqual(whole)
  }
  // all of them but two, which have tests of their own below
  expect([...rules.keys()].filter((op) => !operators.has(op)).sort()).toEqual(['Expand', 'Unsqueeze'])
})

const axes = (...values: number[]): Tensor => int64([values.length], values)
const attributes = (values: Node['attributes']): { attributes: Node['attributes'] } => ({ attributes: values })
const fused = { domain: 'ai.tacojs' } as const

/** What lets images meet, or may: on x [batch, 4, 6]. */
const mixing: [string, Node[], Record<string, Tensor>?][] = [
  ['a softmax over the batch', [node('Softmax', ['x'], ['y'], attributes({ axis: 0 }))]],
  [
    'a normalization over the batch',
    [node('LayerNormalization', ['x', 'g'], ['y'], attributes({ axis: 0 }))],
    { g: noise([2, 4, 6]) },
  ],
  ['a mean over the batch', [node('ReduceMean', ['x', 'axes'], ['y'])], { axes: axes(0) }],
  ['a mean over everything', [node('ReduceMean', ['x'], ['y'])]],
  ['a concatenation of batches', [node('Concat', ['x', 'x'], ['y'], attributes({ axis: 0 }))]],
  ['a choice of images', [node('Gather', ['x', 'i'], ['y'], attributes({ axis: 0 }))], { i: axes(1, 0) }],
  ['images by numbers from the end', [node('Gather', ['x', 'i'], ['y'], attributes({ axis: -3 }))], { i: axes(0) }],
  ['the first image', [node('Slice', ['x', 's', 'e'], ['y'])], { s: axes(0), e: axes(1) }],
  [
    'images backwards',
    [node('Slice', ['x', 's', 'e', 'a', 't'], ['y'])],
    { s: axes(-1), e: axes(-100), a: axes(-3), t: axes(-1) },
  ],
  ['more images', [node('Pad', ['x', 'p'], ['y'])], { p: axes(1, 0, 0, 0, 0, 0) }],
  ['images repeated', [node('Tile', ['x', 'r'], ['y'])], { r: axes(2, 1, 1) }],
  ['features that hold several images', [node('Reshape', ['x', 's'], ['y'])], { s: axes(4, -1, 6) }],
  ['tokens of all images', [node('Reshape', ['x', 's'], ['y'])], { s: axes(-1, 6) }],
  ['an output with the batch elsewhere', [node('Transpose', ['x'], ['y'], attributes({ perm: [1, 0, 2] }))]],
  [
    'a sum with itself turned',
    [node('Transpose', ['x'], ['t'], attributes({ perm: [1, 0, 2] })), node('Add', ['x', 't'], ['y'])],
  ],
  [
    'a product of images',
    [
      node('Reshape', ['x', 's'], ['f']),
      node('Transpose', ['f'], ['t'], attributes({ perm: [1, 0] })),
      node('MatMul', ['f', 't'], ['y']),
    ],
    { s: axes(-1, 24) },
  ],
  [
    'a turned Gemm',
    [node('Reshape', ['x', 's'], ['f']), node('Gemm', ['f', 'w'], ['y'], attributes({ transA: 1 }))],
    { s: axes(-1, 24), w: noise([2, 3]) },
  ],
  [
    'a bias for each image',
    [node('Reshape', ['x', 's'], ['f']), node('Gemm', ['f', 'w', 'c'], ['y'])],
    { s: axes(-1, 24), w: noise([24, 3]), c: noise([2, 3]) },
  ],
  ['constants for two images', [node('Add', ['x', 'c'], ['y'])], { c: noise([2, 1, 1]) }],
  [
    'weights made of images',
    [node('MatMul', ['c', 'f'], ['y']), node('Reshape', ['x', 's'], ['f'])].reverse(),
    { s: axes(-1, 24), c: noise([3, 2]) },
  ],
  ['all axes of one element taken away', [node('Squeeze', ['x'], ['y'])]],
  ['an operator that is not known', [node('Sin', ['x'], ['y'])]],
  [
    'attention of one image to another',
    [
      node('Transpose', ['x'], ['t'], attributes({ perm: [1, 0, 2] })),
      node('Attention', ['t', 't', 't'], ['a'], { ...fused, attributes: { scale: 1 } }),
      node('Transpose', ['a'], ['y'], attributes({ perm: [1, 0, 2] })),
    ],
  ],
  ['an output that is the same for all', [node('Relu', ['c'], ['y'])], { c: noise([2]) }],
]

/** The graph whose output has the shape that it gets. */
function shaped(nodes: readonly Node[], initializers: Readonly<Record<string, Tensor>>): Graph {
  const graph = graphOf([4, 6], nodes, initializers)
  const { shape } = inferTypes({ ...graph, outputs: [] }).get('y')!
  return { ...graph, outputs: [{ name: 'y', dtype: 'float32', shape }] }
}

test.each(mixing)('%s', (_name, nodes, initializers = {}) => {
  expect(apart(shaped(nodes, initializers))).toBe(false)
})

test.each<[string, Node[], Record<string, Tensor>]>([
  ['more axes', [node('Unsqueeze', ['x', 'a'], ['y'])], { a: axes(1, 4) }],
  [
    'an axis before the images, and none',
    [node('Unsqueeze', ['x', 'a'], ['u']), node('Squeeze', ['u', 'a'], ['y'])],
    { a: axes(0) },
  ],
  [
    'tokens repeated',
    [node('Slice', ['x', 's', 'e', 'a'], ['t']), node('Expand', ['t', 'to'], ['y'])],
    { s: axes(0), e: axes(1), a: axes(1), to: axes(4, 1) },
  ],
])('%s: images stay apart', (_name, nodes, initializers) => {
  const graph = shaped(nodes, initializers)
  expect(apart(graph)).toBe(true)
  for (const [whole, single] of bothWays(graph, inputsOf(graph, 3))) expect(single).toEqual(whole)
})

test('batches of different symbols, of a given size, or of numbers that are none', () => {
  const add = (a: (string | number)[], b: (string | number)[], dtype: 'float32' | 'int64' = 'float32'): Graph =>
    createGraph({
      inputs: [
        { name: 'a', dtype, shape: a },
        { name: 'b', dtype, shape: b },
      ],
      outputs: [{ name: 'y', dtype, shape: ['n', 4] }],
      nodes: [node('Add', ['a', 'b'], ['y'])],
    })
  expect(apart(add(['batch', 4], ['batch', 4]))).toBe(true)
  for (const graph of [
    add(['batch', 4], ['other', 4]),
    add([2, 4], [2, 4]),
    add(['batch', 4], [4]),
    add(['batch', 'batch'], ['batch', 'batch']),
    add(['batch', 4], ['batch', 4], 'int64'),
  ]) {
    expect(apart(graph)).toBe(false)
  }
})

test('constants that may be written are not relied upon', () => {
  const graph = graphOf([4, 6], [node('ReduceMean', ['x', 'axes'], ['y'])], { axes: axes(1) })
  expect(apart(graph)).toBe(true)
  expect(imagesApart(graph, () => undefined)).toBe(false)
})

test('it is worth while where images have many positions and enough work', () => {
  expect([transformer('token', 200), convolutional(96), wide()].map(worthApart)).toEqual([true, true, true])
  const heads = graphOf([1024], [node('Linear', ['x', 'w'], ['y'], fused)], { w: noise([1024, 1024]) }, 2)
  expect(apart(heads)).toBe(true)
  expect([transformer(), convolutional(), heads].map(worthApart)).toEqual([false, false, false])
  expect(worthApart(withInitializers(wide(), new Map()))).toBe(true)
})
