import {
  createGraph,
  float32,
  int64,
  node,
  optimize,
  validateGraph,
  type Dim,
  type Graph,
  type Node,
} from '../index.js'
import type { Tensor } from '../tensor.js'
import { mergeTransposes } from './merge-transposes.js'
import { removeDead } from './remove-dead.js'
import { removeIdentity } from './remove-identity.js'

function graphOf(nodes: Node[], initializers: Record<string, Tensor> = {}, shape: Dim[] = ['batch', 2, 3]): Graph {
  return createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 2, 3] }],
    outputs: [{ name: 'y', dtype: 'float32', shape }],
    nodes,
    initializers,
  })
}

const ops = (graph: Graph): string[] => {
  validateGraph(graph)
  return graph.nodes.map((n) => n.op)
}
const transpose = (from: string, to: string, perm: number[]): Node =>
  node('Transpose', [from], [to], { attributes: { perm } })

test('dead nodes and weights go, the rest keeps its order and its weights', () => {
  const used = float32([3], [1, 2, 3])
  const graph = graphOf(
    [
      node('Mul', ['x', 'used'], ['a']),
      node('Mul', ['x', 'unused'], ['b']),
      node('Neg', ['b'], ['c']),
      node('Relu', ['a'], ['y']),
    ],
    { used, unused: used, never: used },
  )
  const after = removeDead(graph)
  expect(ops(after)).toEqual(['Mul', 'Relu'])
  expect([...after.initializers.keys()]).toEqual(['used'])
  expect(after.initializers.get('used')).toBe(graph.initializers.get('used'))
})

test.each<[string, Node, Record<string, Tensor>]>([
  ['Identity', node('Identity', ['x'], ['a']), {}],
  ['Cast to the same type', node('Cast', ['x'], ['a'], { attributes: { to: 1 } }), {}],
  ['Reshape to the same shape', node('Reshape', ['x', 's'], ['a']), { s: int64([3], [0, 2, -1]) }],
  ['Expand to the same shape', node('Expand', ['x', 's'], ['a']), { s: int64([2], [2, 1]) }],
  ['Transpose that moves nothing', transpose('x', 'a', [0, 1, 2]), {}],
  ['Concat of one', node('Concat', ['x'], ['a'], { attributes: { axis: 1 } }), {}],
  [
    'Slice of everything',
    node('Slice', ['x', 's', 'e', 'one'], ['a']),
    { s: int64([1], [0]), e: int64([1], [9]), one: int64([1], [1]) },
  ],
])('%s is left out', (_name, nothing, initializers) => {
  expect(ops(removeIdentity(graphOf([nothing, node('Relu', ['a'], ['y'])], initializers)))).toEqual(['Relu'])
})

test.each<[string, Node, Record<string, Tensor>]>([
  ['Cast to another type', node('Cast', ['x'], ['a'], { attributes: { to: 11 } }), {}],
  ['Transpose by default', node('Transpose', ['x'], ['a']), {}],
  ['Reshape to another shape', node('Reshape', ['x', 's'], ['a']), { s: int64([2], [0, 6]) }],
  [
    'Slice backwards',
    node('Slice', ['x', 's', 'e', 'one', 's'], ['a']),
    { s: int64([1], [-1]), e: int64([1], [-9]), one: int64([1], [1]) },
  ],
])('%s stays', (_name, something, initializers) => {
  const graph = { ...graphOf([something, node('Neg', ['a'], ['b'])], initializers), outputs: [] }
  expect(removeIdentity(graph).nodes).toHaveLength(2)
})

test('an Identity that makes an output stays, and so does its name', () => {
  expect(ops(removeIdentity(graphOf([node('Relu', ['x'], ['a']), node('Identity', ['a'], ['y'])])))).toEqual([
    'Relu',
    'Identity',
  ])
})

describe('Transpose of a Transpose', () => {
  test('that undo each other are left out', () => {
    const nodes = [transpose('x', 'a', [0, 2, 1]), transpose('a', 'b', [0, 2, 1]), node('Relu', ['b'], ['y'])]
    expect(ops(optimize(graphOf(nodes)))).toEqual(['Relu'])
  })
  test('become one: b[i] = a[outer[i]] = x[inner[outer[i]]]', () => {
    const nodes = [transpose('x', 'a', [1, 2, 0]), transpose('a', 'y', [0, 2, 1])]
    const after = optimize(graphOf(nodes, {}, [2, 'batch', 3]))
    expect(ops(after)).toEqual(['Transpose'])
    expect(after.nodes[0]).toMatchObject({ inputs: ['x'], attributes: { perm: [1, 0, 2] } })
  })
  test('the first stays for its other users', () => {
    const nodes = [
      transpose('x', 'a', [0, 2, 1]),
      transpose('a', 'b', [0, 2, 1]),
      node('Neg', ['a'], ['c']),
      node('MatMul', ['b', 'c'], ['y']),
    ]
    expect(ops(optimize(graphOf(nodes, {}, ['batch', 2, 2])))).toEqual(['Transpose', 'Neg', 'MatMul'])
  })
  test('three in a row, and one that makes an output', () => {
    const nodes = [transpose('x', 'a', [0, 2, 1]), transpose('a', 'b', [0, 2, 1]), transpose('b', 'y', [0, 2, 1])]
    const after = removeDead(mergeTransposes(graphOf(nodes, {}, ['batch', 3, 2])))
    expect(after.nodes.map((n) => [n.op, n.inputs[0]])).toEqual([['Transpose', 'x']])
  })
})

test('Reshape, Transpose, Reshape of an attention key becomes one Transpose', () => {
  const nodes = [
    node('Reshape', ['x', 'flat'], ['a']),
    transpose('a', 'b', [0, 2, 1]),
    node('Reshape', ['b', 'back'], ['y']),
  ]
  const graph = graphOf(nodes, { flat: int64([3], [-1, 5, 4]), back: int64([4], [-1, 3, 4, 5]) }, ['batch', 3, 4, 5])
  const key = { ...graph, inputs: [{ ...graph.inputs[0]!, shape: ['batch', 3, 5, 4] }] }
  const after = optimize(key)
  expect(after.nodes).toMatchObject([{ op: 'Transpose', attributes: { perm: [0, 1, 3, 2] } }])
})

test('an Expand to the shape of the other operand is left to broadcasting', () => {
  const nodes = [node('Shape', ['x'], ['s']), node('Expand', ['w', 's'], ['e']), node('Add', ['e', 'x'], ['y'])]
  expect(ops(optimize(graphOf(nodes, { w: float32([3], [1, 2, 3]) })))).toEqual(['Add'])
})
