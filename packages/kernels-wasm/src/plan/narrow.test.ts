import { runOracle } from '@tacojs/conformance'
import { float32, inferTypes, int64, node, type Graph, type Node, type Tensor } from '@tacojs/graph'
import { graphOf, noise, transformer } from '../testing/graphs.js'
import { narrowPositions } from './narrow.js'

const batch = 2

/** The graph with its batch fixed, as a plan has it. */
const fixed = (graph: Graph): Graph => ({
  ...graph,
  inputs: graph.inputs.map((i) => ({ ...i, shape: i.shape.map((d) => (typeof d === 'number' ? d : batch)) })),
})

const xOf = (graph: Graph): Tensor => noise(graph.inputs[0]!.shape as number[], 77)

/** The narrowed graph's shapes, once its result is found to be the same numbers. */
function narrowedShapes(graph: Graph): (name: string) => string {
  const narrowed = narrowPositions(graph)
  const x = xOf(graph)
  expect(runOracle(narrowed, { x })).toEqual(runOracle(graph, { x }))
  const types = inferTypes(narrowed)
  return (name) => types.get(name)!.shape.join('x')
}

test('a class token: after the last attention one token is worked on', () => {
  const shapeOf = narrowedShapes(fixed(transformer('token')))
  expect(['a', 'o', 'r1', 'u', 'h', 'd', 'r2'].map(shapeOf)).toEqual([
    '2x2x1x8',
    '2x1x16',
    '2x1x16',
    '2x1x32',
    '2x1x32',
    '2x1x16',
    '2x1x16',
  ])
  // keys and values are wanted of all tokens
  expect(['qkv', 'k', 'v'].map(shapeOf)).toEqual(['2x9x48', '2x2x9x8', '2x2x9x8'])
})

test('two tokens read by two nodes are two positions', () => {
  const shapeOf = narrowedShapes(fixed(transformer('two')))
  expect(['a', 'o', 'd', 'c', 'e'].map(shapeOf)).toEqual(['2x2x2x8', '2x2x16', '2x2x16', '2x16', '2x16'])
})

test('a mean over all tokens leaves the graph alone', () => {
  const graph = fixed(transformer('mean'))
  expect(narrowPositions(graph)).toBe(graph)
})

const pick = (from: string, to: string, index: string): Node =>
  node('Gather', [from, index], [to], { attributes: { axis: 1 } })

const indices: Record<string, Tensor> = {
  first: int64([], [0]),
  third: int64([], [2]),
  pair: int64([2], [3, 0]),
  square: int64([1, 2], [1, 1]),
  last: int64([], [-1]),
  axes: int64([1], [1]),
}

/** On x [2, 6, 4]. */
const chain = (rank: number, ...nodes: Node[]): Graph =>
  fixed(graphOf([6, 4], [node('Relu', ['x'], ['r']), ...nodes], indices, rank))

test.each<[string, Graph, Record<string, string>]>([
  [
    'two consumers that ask for different positions',
    chain(2, pick('r', 'a', 'first'), pick('r', 'b', 'third'), node('Sub', ['a', 'b'], ['y'])),
    { r: '2x2x4' },
  ],
  [
    'a consumer of everything keeps everything',
    chain(
      2,
      pick('r', 'a', 'first'),
      node('ReduceSum', ['r', 'axes'], ['b'], { attributes: { keepdims: 0 } }),
      node('Mul', ['a', 'b'], ['y']),
    ),
    { r: '2x6x4' },
  ],
  [
    'the value is read on two ways, narrow and wide, further up',
    chain(
      2,
      node('Sigmoid', ['r'], ['s']),
      pick('s', 'a', 'first'),
      node('ReduceMax', ['r', 'axes'], ['b'], { attributes: { keepdims: 0 } }),
      node('Add', ['a', 'b'], ['y']),
    ),
    { r: '2x6x4', s: '2x1x4' },
  ],
  ['indices in any order', chain(3, pick('r', 'y', 'pair')), { r: '2x2x4', y: '2x2x4' }],
  ['indices of two dimensions', chain(4, pick('r', 'y', 'square')), { y: '2x1x2x4' }],
  ['indices from the end', chain(2, pick('r', 'y', 'last')), { y: '2x4' }],
  [
    'a function along the tokens needs them all',
    chain(2, node('Softmax', ['r'], ['s'], { attributes: { axis: 1 } }), pick('s', 'y', 'first')),
    { r: '2x6x4', y: '2x4' },
  ],
])('%s', (_name, graph, shapes) => {
  const shapeOf = narrowedShapes(graph)
  expect(Object.fromEntries(Object.keys(shapes).map((name) => [name, shapeOf(name)]))).toEqual(shapes)
})

test('what the graph returns is returned whole', () => {
  const graph = chain(2, pick('r', 'y', 'first'))
  const both = { ...graph, outputs: [...graph.outputs, { name: 'r', dtype: 'float32' as const, shape: [batch, 6, 4] }] }
  expect(narrowedShapes(both)('r')).toBe('2x6x4')
})

test('a term for each position is narrowed with it', () => {
  const terms = float32([6, 1], [1, 2, 3, 4, 5, 6])
  const graph = fixed(
    graphOf(
      [6, 4],
      [node('Add', ['x', 'terms'], ['s']), node('Relu', ['s'], ['r']), pick('r', 'y', 'third')],
      { ...indices, terms },
      2,
    ),
  )
  expect(narrowedShapes(graph)('s')).toBe('2x1x4')
})
