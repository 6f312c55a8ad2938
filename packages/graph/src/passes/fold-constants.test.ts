import { createGraph, float32, int64, node, optimize, toNumbers, type Graph, type Node } from '../index.js'
import type { Tensor } from '../tensor.js'
import { foldConstants } from './fold-constants.js'

const graphOf = (
  nodes: Node[],
  initializers: Record<string, Tensor>,
  output = 'y',
  shape: (number | string)[] = [2],
): Graph =>
  createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 2] }],
    outputs: [{ name: output, dtype: 'float32', shape }],
    nodes,
    initializers,
  })

test('what depends on constants alone becomes an initializer, of weights too', () => {
  const graph = graphOf(
    [node('Transpose', ['w'], ['t']), node('Mul', ['t', 'two'], ['m']), node('MatMul', ['x', 'm'], ['y'])],
    { w: float32([3, 2], [1, 2, 3, 4, 5, 6]), two: float32([], [2]) },
    'y',
    ['batch', 3],
  )
  const folded = foldConstants(graph)
  expect(folded.nodes.map((n) => n.op)).toEqual(['MatMul'])
  expect(toNumbers(folded.initializers.get('m')!.tensor)).toEqual([2, 6, 10, 4, 8, 12])
  expect(graph.nodes).toHaveLength(3)
})

test('sizes that do not depend on the batch are constants', () => {
  const graph = graphOf(
    [
      node('Shape', ['x'], ['s']),
      node('Gather', ['s', 'at'], ['n']),
      node('Cast', ['n'], ['f'], { attributes: { to: 1 } }),
      node('Sqrt', ['f'], ['root']),
      node('Div', ['x', 'root'], ['y']),
    ],
    { at: int64([], [1]) },
    'y',
    ['batch', 2],
  )
  const folded = foldConstants(graph)
  expect(folded.nodes.map((n) => n.op)).toEqual(['Shape', 'Div'])
  expect(toNumbers(folded.initializers.get('root')!.tensor)).toEqual([Math.fround(Math.SQRT2)])
})

test('a constant that is a graph output is still made by a node', () => {
  const folded = foldConstants(graphOf([node('Neg', ['w'], ['y'])], { w: float32([2], [1, -2]) }))
  expect(folded.nodes).toHaveLength(1)
  expect(folded.nodes[0]).toMatchObject({ op: 'Constant', name: 'y', outputs: ['y'] })
  expect(folded.nodes[0]!.attributes.value).toEqual(float32([2], [-1, 2]))
  expect(folded.initializers.has('y')).toBe(false)
})

test('two constant outputs of one node keep names of their own', () => {
  const split = node('Split', ['w', 'sizes'], ['y', 'z'])
  const graph = graphOf([split], { w: float32([4], [1, 2, 3, 4]), sizes: int64([2], [2, 2]) })
  const both = { ...graph, outputs: [...graph.outputs, { ...graph.outputs[0]!, name: 'z' }] }
  expect(new Set(foldConstants(both).nodes.map((n) => n.name)).size).toBe(2)
})

test('a blow-up is not folded', () => {
  const graph = graphOf(
    [node('Expand', ['w', 'shape'], ['big']), node('ReduceMax', ['big'], ['y'], { attributes: { keepdims: 0 } })],
    { w: float32([1], [1]), shape: int64([2], [2048, 2048]) },
    'y',
    [],
  )
  expect(foldConstants(graph).nodes.map((n) => n.op)).toEqual(['Expand', 'ReduceMax'])
})

test('"to the end" survives arithmetic', () => {
  const graph = graphOf(
    [node('Unsqueeze', ['end', 'axis'], ['ends']), node('Slice', ['x', 'from', 'ends', 'from'], ['y'])],
    {
      end: { dtype: 'int64', shape: [], data: BigInt64Array.of(2n ** 63n - 1n) },
      axis: int64([1], [0]),
      from: int64([1], [1]),
    },
    'y',
    ['batch', 1],
  )
  const folded = optimize(graph)
  expect(folded.nodes.map((n) => n.op)).toEqual(['Slice'])
  expect(folded.initializers.get('ends')!.tensor.data[0]).toBe(2n ** 63n - 1n)
})
