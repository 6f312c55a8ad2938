import { createGraph, float32, node, optimize, toNumbers, type Graph, type Node } from '../index.js'
import type { Initializer } from '../graph.js'
import type { Tensor } from '../tensor.js'

// two channels: factors γ/√(σ² + 1) = [2/2, 6/3] = [1, 2], shifts β − μ·factor = [10 − 1, 20 − 2·2] = [9, 16]
const statistics = {
  gamma: float32([2], [2, 6]),
  beta: float32([2], [10, 20]),
  mean: float32([2], [1, 2]),
  variance: float32([2], [3, 8]),
}
const bn = (from: string, to = 'y'): Node =>
  node('BatchNormalization', [from, 'gamma', 'beta', 'mean', 'variance'], [to], {
    attributes: { epsilon: 1 },
    name: 'bn',
  })

const graphOf = (
  nodes: Node[],
  shape: number[],
  initializers: Record<string, Tensor | Initializer>,
  out = shape,
): Graph =>
  createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', ...shape] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', ...out] }],
    nodes,
    initializers: { ...statistics, ...initializers },
  })

const values = (graph: Graph, input: number): number[] =>
  toNumbers(graph.initializers.get(graph.nodes[0]!.inputs[input]!)!.tensor)

test('into the convolution before it, with and without a bias', () => {
  const w = float32([2, 1, 1, 1], [3, 4])
  const plain = optimize(graphOf([node('Conv', ['x', 'w'], ['c']), bn('c')], [1, 4, 4], { w }, [2, 4, 4]))
  expect(plain.nodes.map((n) => n.op)).toEqual(['Conv'])
  expect([values(plain, 1), values(plain, 2)]).toEqual([
    [3, 8],
    [9, 16],
  ])
  const b = float32([2], [5, 6])
  const biased = optimize(graphOf([node('Conv', ['x', 'w', 'b'], ['c']), bn('c')], [1, 4, 4], { w, b }, [2, 4, 4]))
  expect(values(biased, 2)).toEqual([5 + 9, 12 + 16])
})

test.each<[string, Node[]]>([
  ['Gemm', [node('Gemm', ['x', 'wt', 'b'], ['c'])]],
  ['Gemm transposed', [node('Gemm', ['x', 'w', 'b'], ['c'], { attributes: { transB: 1 } })]],
  ['MatMul and Add', [node('MatMul', ['x', 'wt'], ['m']), node('Add', ['m', 'b'], ['c'])]],
])('into a linear layer: %s', (_name, nodes) => {
  const weights = {
    w: float32([2, 3], [1, 2, 3, 4, 5, 6]),
    wt: float32([3, 2], [1, 4, 2, 5, 3, 6]),
    b: float32([2], [5, 6]),
  }
  const folded = optimize(graphOf([...nodes, bn('c')], [3], weights, [2]))
  expect(folded.nodes.map((n) => n.op)).toEqual(['Linear'])
  expect(values(folded, 1)).toEqual([1, 2, 3, 8, 10, 12])
  expect(values(folded, 2)).toEqual([14, 28])
})

test('the channels of [N, C, L] are not the outputs of a linear layer over L', () => {
  const folded = optimize(
    graphOf([node('MatMul', ['x', 'w'], ['c']), bn('c')], [2, 2], { w: float32([2, 2], [1, 2, 3, 4]) }),
  )
  expect(folded.nodes.map((n) => n.op)).toEqual(['Linear', 'Mul', 'Add'])
})

test('alone, or after something that is used elsewhere too, it is a Mul and an Add per channel', () => {
  const alone = optimize(graphOf([node('Relu', ['x'], ['r']), bn('r')], [2, 4, 4], {}))
  expect(alone.nodes.map((n) => n.op)).toEqual(['Relu', 'Mul', 'Add'])
  expect([...alone.initializers.values()].map((i) => i.tensor.shape)).toEqual([
    [2, 1, 1],
    [2, 1, 1],
  ])
  const w = float32([2, 2, 1, 1], [1, 2, 3, 4])
  const nodes = [node('Conv', ['x', 'w'], ['c']), bn('c', 'b'), node('Add', ['b', 'c'], ['y'])]
  expect(optimize(graphOf(nodes, [2, 4, 4], { w })).nodes.map((n) => n.op)).toEqual(['Conv', 'Mul', 'Add', 'Add'])
})

test('one weight in two convolutions: each normalisation gets its own copy or stays beside', () => {
  const w = float32([2, 2, 1, 1], [1, 2, 3, 4])
  const nodes = [
    node('Conv', ['x', 'w'], ['c']),
    bn('c', 'b'),
    node('Conv', ['b', 'w'], ['d']),
    { ...bn('d', 'y'), name: 'bn2' },
  ]
  const folded = optimize(graphOf(nodes, [2, 4, 4], { w }))
  expect(folded.nodes.filter((n) => n.op === 'BatchNormalization')).toEqual([])
  expect(folded.nodes.filter((n) => n.op === 'Conv')).toHaveLength(2)
})

test('statistics that are not constant stay, and the note on a sparse weight goes along', () => {
  const w = { tensor: float32([2, 2, 1, 1], [1, 0, 0, 4]), sparsity: { pattern: 'unstructured', nonzeros: 2 } }
  const graph = graphOf([node('Conv', ['x', 'w'], ['c']), bn('c')], [2, 4, 4], { w })
  const folded = optimize(graph)
  expect(folded.initializers.get(folded.nodes[0]!.inputs[1]!)!.sparsity).toEqual(w.sparsity)
  const initializers = new Map([...graph.initializers].filter(([name]) => name !== 'mean'))
  const inputs = [...graph.inputs, { name: 'mean', dtype: 'float32' as const, shape: [2] }]
  expect(optimize({ ...graph, inputs, initializers }).nodes.map((n) => n.op)).toEqual(['Conv', 'BatchNormalization'])
})
