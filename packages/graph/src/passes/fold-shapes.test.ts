import {
  createGraph,
  float32,
  inferTypes,
  int64,
  node,
  optimize,
  toNumbers,
  type Dim,
  type Graph,
  type Node,
} from '../index.js'
import type { Tensor } from '../tensor.js'

/** Tokens in; `n` is the batch as a vector of one, as exporters compute it. */
function graphOf(
  nodes: Node[],
  initializers: Record<string, Tensor>,
  shape: Dim[],
  from: Dim[] = ['batch', 197, 192],
): Graph {
  return createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: from }],
    outputs: [{ name: 'y', dtype: 'float32', shape }],
    nodes: [
      node('Shape', ['x'], ['s']),
      node('Gather', ['s', 'zero'], ['n0']),
      node('Unsqueeze', ['n0', 'axis'], ['n']),
      ...nodes,
    ],
    initializers: { zero: int64([], [0]), axis: int64([1], [0]), ...initializers },
  })
}

const concat = (...parts: string[]): Node => node('Concat', parts, ['to'], { attributes: { axis: 0 } })
const reshape = node('Reshape', ['x', 'to'], ['y'])
const vector = (...values: number[]): Tensor => int64([values.length], values)

test.each<[string, Tensor[], Dim[], number[]]>([
  ['the same dimension is copied', [vector(197, 3, 64)], ['batch', 197, 3, 64], [0, 197, 3, 64]],
  ['a rest may stay', [vector(-1, 64)], ['batch', 591, 64], [0, -1, 64]],
])('Reshape to the batch: %s', (_name, rest, shape, expected) => {
  const after = optimize(graphOf([concat('n', 'rest'), reshape], { rest: rest[0]! }, shape))
  expect(after.nodes.map((n) => n.op)).toEqual(['Reshape'])
  expect(toNumbers(after.initializers.get(after.nodes[0]!.inputs[1]!)!.tensor)).toEqual(expected)
  expect(inferTypes(after).get('y')!.shape).toEqual(shape)
})

test('batch and heads merged, with a rest of known size: the batch takes the -1', () => {
  const nodes = [node('Mul', ['n', 'three'], ['m']), concat('m', 'rest'), reshape]
  const before = graphOf(nodes, { three: int64([], [3]), rest: vector(-1, 64) }, ['3*batch', 197, 64])
  const after = optimize(before)
  expect(after.nodes.map((n) => n.op)).toEqual(['Reshape'])
  expect(toNumbers(after.initializers.get(after.nodes[0]!.inputs[1]!)!.tensor)).toEqual([-1, 197, 64])
})

test('a class token for every image becomes ExpandBatch', () => {
  const nodes = [
    concat('n', 'rest'),
    node('Expand', ['token', 'to'], ['tokens']),
    node('Concat', ['tokens', 'x'], ['y'], { attributes: { axis: 1 } }),
  ]
  const token = float32([1, 1, 192], new Float32Array(192))
  for (const rest of [vector(1, 192), vector(1, 1)]) {
    const after = optimize(graphOf(nodes, { token, rest }, ['batch', 198, 192]))
    expect(after.nodes.map((n) => [n.domain, n.op])).toEqual([
      ['ai.tacojs', 'ExpandBatch'],
      ['', 'Concat'],
    ])
    expect(after.nodes[0]!.inputs).toEqual(['token', 'x'])
    expect(inferTypes(after).get('y')!.shape).toEqual(['batch', 198, 192])
  }
})

test('an Expand that grows other dimensions as well stays', () => {
  const nodes = [concat('n', 'rest'), node('Expand', ['token', 'to'], ['y'])]
  const after = optimize(graphOf(nodes, { token: float32([1, 1], [5]), rest: vector(7) }, ['batch', 7]))
  expect(after.nodes.map((n) => n.op)).toContain('Expand')
})

test('two symbols that both move cannot be written as a constant and stay', () => {
  const nodes = [
    node('Gather', ['s', 'one'], ['t']),
    node('Unsqueeze', ['t', 'axis'], ['t0']),
    concat('t0', 'n', 'rest'),
    reshape,
  ]
  const after = optimize(
    graphOf(nodes, { one: int64([], [1]), rest: vector(192) }, ['t', 'n', 192], ['batch', 'time', 192]),
  )
  expect(after.nodes.map((n) => n.op)).toContain('Shape')
})
