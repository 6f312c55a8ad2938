import {
  createGraph,
  expandFused,
  float32,
  int64,
  node,
  optimize,
  type Graph,
  type Node,
  type Tensor,
} from '@tacojs/graph'
import { difference, random } from '../testing/compare.js'

// constants of float32 stand in both graphs; what remains is how they combine (√2 and ½ rounded, products of scales)
const TOLERANCE = 3e-7

const scalar = (v: number): Tensor => float32([], [v])

function graphOf(
  nodes: Node[],
  initializers: Record<string, Tensor>,
  shapes: Record<string, (number | string)[]>,
): Graph {
  const { y, ...inputs } = shapes
  const info = (name: string, shape: (number | string)[]) => ({ name, dtype: 'float32' as const, shape })
  return createGraph({
    inputs: Object.entries(inputs).map(([name, shape]) => info(name, shape)),
    outputs: [info('y', y!)],
    nodes,
    initializers,
  })
}

const ops = (graph: Graph): string[] => graph.nodes.map((n) => n.op)

/** Optimises, checks that the same is computed (also after expansion), and gives the operators that are left. */
function recognized(graph: Graph): string[] {
  const after = optimize(graph)
  expect(difference(graph, after)).toBeLessThan(TOLERANCE)
  const expanded = expandFused(after)
  expect(expanded.nodes.every((n) => n.domain === '')).toBe(true)
  expect(difference(graph, expanded)).toBeLessThan(TOLERANCE)
  return ops(after)
}

describe('GELU', () => {
  const x = { x: ['batch', 5], y: ['batch', 5] }
  const constants = { half: scalar(0.5), one: scalar(1), root: scalar(Math.SQRT2), inverse: scalar(Math.SQRT1_2) }
  const gate = [node('Div', ['x', 'root'], ['a']), node('Erf', ['a'], ['b']), node('Add', ['b', 'one'], ['c'])]
  const orders: [string, Node[]][] = [
    ['(x·gate)·½', [...gate, node('Mul', ['x', 'c'], ['d']), node('Mul', ['d', 'half'], ['y'])]],
    ['(½·x)·gate', [...gate, node('Mul', ['half', 'x'], ['d']), node('Mul', ['c', 'd'], ['y'])]],
    ['x·(½·gate)', [...gate, node('Mul', ['half', 'c'], ['d']), node('Mul', ['x', 'd'], ['y'])]],
    [
      'by 1/√2',
      [
        node('Mul', ['inverse', 'x'], ['a']),
        node('Erf', ['a'], ['b']),
        node('Add', ['one', 'b'], ['c']),
        node('Mul', ['x', 'half'], ['d']),
        node('Mul', ['d', 'c'], ['y']),
      ],
    ],
  ]
  test.each(orders)('erf form %s', (_name, nodes) => {
    expect(recognized(graphOf(nodes, constants, x))).toEqual(['Gelu'])
  })

  test.each([
    ['Pow', [node('Pow', ['x', 'three'], ['cube'])]],
    ['Mul', [node('Mul', ['x', 'x'], ['square']), node('Mul', ['square', 'x'], ['cube'])]],
  ])('tanh form, cube by %s', (_name, cube) => {
    const nodes = [
      ...cube,
      node('Mul', ['cube', 'k'], ['a']),
      node('Add', ['x', 'a'], ['b']),
      node('Mul', ['b', 'r'], ['c']),
      node('Tanh', ['c'], ['d']),
      node('Add', ['d', 'one'], ['e']),
      node('Mul', ['x', 'half'], ['f']),
      node('Mul', ['f', 'e'], ['y']),
    ]
    const more = { ...constants, three: scalar(3), k: scalar(0.044715), r: scalar(Math.sqrt(2 / Math.PI)) }
    expect(recognized(graphOf(nodes, more, x))).toEqual(['Gelu'])
  })

  test('another constant is not GELU', () => {
    const nodes = orders[0]![1]
    expect(recognized(graphOf(nodes, { ...constants, root: scalar(1.5) }, x))).not.toContain('Gelu')
  })

  test('an inner value that is used elsewhere is not swallowed', () => {
    const nodes = [
      ...gate,
      node('Mul', ['x', 'c'], ['d']),
      node('Mul', ['d', 'half'], ['e']),
      node('Add', ['e', 'b'], ['y']),
    ]
    expect(recognized(graphOf(nodes, constants, x))).toContain('Erf')
  })
})

describe('LayerNormalization', () => {
  const shapes = { x: ['batch', 3, 8], y: ['batch', 3, 8] }
  const constants = {
    axes: int64([1], [-1]),
    two: scalar(2),
    eps: scalar(1e-5),
    scale: random([8], 2),
    bias: random([1, 1, 8], 3),
    s: random([], 4),
  }
  const core = (square: Node, last = 'y'): Node[] => [
    node('ReduceMean', ['x', 'axes'], ['mean']),
    node('Sub', ['x', 'mean'], ['centred']),
    square,
    node('ReduceMean', ['square', 'axes'], ['variance']),
    node('Add', ['variance', 'eps'], ['sum']),
    node('Sqrt', ['sum'], ['root']),
    node('Div', ['centred', 'root'], [last]),
  ]
  const pow = node('Pow', ['centred', 'two'], ['square'])
  test('square by Pow, with scale and bias', () => {
    const nodes = [...core(pow, 'z'), node('Mul', ['z', 'scale'], ['w']), node('Add', ['w', 'bias'], ['y'])]
    expect(recognized(graphOf(nodes, constants, shapes))).toEqual(['LayerNormalization'])
  })
  test('square by Mul, with a scale only', () => {
    const square = node('Mul', ['centred', 'centred'], ['square'])
    const nodes = [...core(square, 'z'), node('Mul', ['scale', 'z'], ['y'])]
    expect(recognized(graphOf(nodes, constants, shapes))).toEqual(['LayerNormalization'])
  })
  test('without scale and bias', () => {
    expect(recognized(graphOf(core(pow), constants, shapes))).toEqual(['LayerNormalization'])
  })
  test('another axis is not recognised', () => {
    const nodes = [...core(pow, 'z'), node('Mul', ['z', 'scale'], ['y'])]
    expect(recognized(graphOf(nodes, { ...constants, axes: int64([1], [1]) }, shapes))).not.toContain(
      'LayerNormalization',
    )
  })
})

describe('Linear', () => {
  const constants = { w: random([4, 6], 2), b: random([6], 3), t: random([6, 4], 4) }
  test('MatMul and Add, in either order', () => {
    for (const inputs of [
      ['m', 'b'],
      ['b', 'm'],
    ]) {
      const nodes = [node('MatMul', ['x', 'w'], ['m']), node('Add', inputs, ['y'])]
      expect(recognized(graphOf(nodes, constants, { x: ['batch', 3, 4], y: ['batch', 3, 6] }))).toEqual(['Linear'])
    }
  })
  test('a product that is used twice keeps its Add', () => {
    const nodes = [node('MatMul', ['x', 'w'], ['m']), node('Add', ['m', 'b'], ['a']), node('Mul', ['a', 'm'], ['y'])]
    const graph = graphOf(nodes, constants, { x: ['batch', 3, 4], y: ['batch', 3, 6] })
    expect(recognized(graph)).toEqual(['Linear', 'Add', 'Mul'])
  })
  test.each([
    [{ transB: 1 }, ['x', 't', 'b']],
    [{ transB: 0, alpha: 0.5, beta: 2 }, ['x', 'w', 'b']],
    [{ transB: 1, alpha: 3 }, ['x', 't']],
  ])('Gemm %j', (attributes, inputs) => {
    const nodes = [node('Gemm', inputs, ['y'], { attributes })]
    expect(recognized(graphOf(nodes, constants, { x: ['batch', 4], y: ['batch', 6] }))).toEqual(['Linear'])
  })
  test('LayerScale after it', () => {
    const nodes = [node('MatMul', ['x', 'w'], ['m']), node('Mul', ['b', 'm'], ['y'])]
    const graph = graphOf(nodes, constants, { x: ['batch', 3, 4], y: ['batch', 3, 6] })
    expect(recognized(graph)).toEqual(['Linear', 'LayerScale'])
  })
})

describe('a constant with more dimensions than what it meets raises the rank, and stays', () => {
  const constants = { w: random([4, 4], 2), high: random([1, 1, 4], 3) }
  test.each(['Add', 'Mul'])('%s', (op) => {
    const nodes = [node('MatMul', ['x', 'w'], ['m']), node(op, ['m', 'high'], ['y'])]
    expect(recognized(graphOf(nodes, constants, { x: [3, 4], y: [1, 3, 4] }))).toEqual(['Linear', op])
  })
})

describe('Attention', () => {
  const shapes = { q: ['batch', 2, 5, 4], k: ['batch', 2, 7, 4], v: ['batch', 2, 7, 3], y: ['batch', 2, 5, 3] }
  const constants = { s: scalar(0.5), r: scalar(Math.SQRT1_2), d: scalar(2), bias: random([1, 2, 5, 7], 5) }
  const transpose = (from: string) => node('Transpose', [from], ['kt'], { attributes: { perm: [0, 1, 3, 2] } })
  const end = (scores: string): Node[] => [
    node('Softmax', [scores], ['p'], { attributes: { axis: -1 } }),
    node('MatMul', ['p', 'v'], ['y']),
  ]
  const forms: [string, Node[]][] = [
    ['no scale', [transpose('k'), node('MatMul', ['q', 'kt'], ['a']), ...end('a')]],
    ['Mul after', [transpose('k'), node('MatMul', ['q', 'kt'], ['a']), node('Mul', ['a', 's'], ['b']), ...end('b')]],
    [
      'Div after, bias',
      [
        transpose('k'),
        node('MatMul', ['q', 'kt'], ['a']),
        node('Div', ['a', 'd'], ['b']),
        node('Add', ['b', 'bias'], ['c']),
        ...end('c'),
      ],
    ],
    [
      'split, k scaled after its transposition',
      [
        node('Mul', ['q', 'r'], ['qs']),
        transpose('k'),
        node('Mul', ['kt', 'r'], ['ks']),
        node('MatMul', ['qs', 'ks'], ['a']),
        node('Add', ['bias', 'a'], ['c']),
        ...end('c'),
      ],
    ],
    [
      'split, k scaled before its transposition',
      [
        node('Mul', ['q', 'r'], ['qs']),
        node('Mul', ['k', 'r'], ['ks']),
        transpose('ks'),
        node('MatMul', ['qs', 'kt'], ['a']),
        ...end('a'),
      ],
    ],
  ]
  test.each(forms)('%s', (_name, nodes) => {
    expect(recognized(graphOf(nodes, constants, shapes))).toEqual(['Attention'])
  })
  test('k with its heads moved in the same Transpose', () => {
    const nodes = [
      node('Transpose', ['k'], ['kt'], { attributes: { perm: [0, 2, 3, 1] } }),
      node('MatMul', ['q', 'kt'], ['a']),
      node('Mul', ['a', 's'], ['b']),
      ...end('b'),
    ]
    const graph = graphOf(nodes, constants, { ...shapes, k: ['batch', 7, 2, 4] })
    expect(recognized(graph)).toEqual(['Transpose', 'Attention'])
  })
  test('scores that are broadcast to their bias stay', () => {
    const nodes = [transpose('k'), node('MatMul', ['q', 'kt'], ['a']), node('Add', ['a', 'wide'], ['b']), ...end('b')]
    const one = { q: [1, 2, 5, 4], k: [1, 2, 7, 4], v: [1, 2, 7, 3], y: [3, 2, 5, 3] }
    expect(recognized(graphOf(nodes, { wide: random([3, 1, 5, 7], 6) }, one))).toContain('Softmax')
  })
  test('a Softmax over another axis stays', () => {
    const nodes = [
      transpose('k'),
      node('MatMul', ['q', 'kt'], ['a']),
      node('Softmax', ['a'], ['p'], { attributes: { axis: 2 } }),
      node('MatMul', ['p', 'v'], ['y']),
    ]
    expect(recognized(graphOf(nodes, constants, shapes))).toContain('Softmax')
  })
  test('scores that are an output as well stay', () => {
    const graph = graphOf(forms[0]![1], constants, shapes)
    const scores = { name: 'a', dtype: 'float32' as const, shape: ['batch', 2, 5, 7] }
    expect(recognized({ ...graph, outputs: [...graph.outputs, scores] })).toContain('Softmax')
  })
})
