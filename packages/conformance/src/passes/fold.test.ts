import { createGraph, float32, int64, node, passes, type Dim, type Graph, type Node, type Tensor } from '@tacojs/graph'
import { difference, random, randomInputs } from '../testing/compare.js'

// folded weights are rounded to float32 once more; everything else is exact
const TOLERANCE = 3e-7

const info = (name: string, shape: Dim[]) => ({ name, dtype: 'float32' as const, shape })

function graphOf(nodes: Node[], initializers: Record<string, Tensor>, from: Dim[], to: Dim[]): Graph {
  return createGraph({ inputs: [info('x', from)], outputs: [info('y', to)], nodes, initializers })
}

/** Runs the passes one by one, checks each of them at batch 1 and 3, and gives the operators that are left. */
function folded(graph: Graph): string[] {
  let last = graph
  for (const { name, run } of passes) {
    const next = run(last)
    for (const batch of [1, 3]) {
      const error = difference(graph, next, randomInputs(graph, batch))
      expect({ pass: name, batch, same: error < TOLERANCE }).toEqual({ pass: name, batch, same: true })
    }
    last = next
  }
  return last.nodes.map((n) => n.op)
}

const ints = (...values: number[]): Tensor => int64([values.length], values)
const concat = (parts: string[], to: string): Node => node('Concat', parts, [to], { attributes: { axis: 0 } })
const transpose = (from: string, to: string, perm: number[]): Node =>
  node('Transpose', [from], [to], { attributes: { perm } })

describe('BatchNormalization', () => {
  const positive = (shape: number[], seed: number): Tensor => {
    const t = random(shape, seed)
    return { ...t, data: (t.data as Float32Array).map((v) => v * v + 0.1) }
  }
  const statistics = { s: random([4], 2), o: random([4], 3), m: random([4], 4), v: positive([4], 5) }
  const bn = (from: string, to = 'y'): Node =>
    node('BatchNormalization', [from, 's', 'o', 'm', 'v'], [to], { attributes: { epsilon: 1e-3 } })
  const image: Dim[] = ['batch', 2, 5, 5]

  test('after a convolution, grouped, with a bias', () => {
    const conv = node('Conv', ['x', 'w', 'b'], ['c'], { attributes: { group: 2, pads: [1, 1, 1, 1], strides: [2, 2] } })
    const weights = { w: random([4, 1, 3, 3], 6), b: random([4], 7) }
    expect(folded(graphOf([conv, bn('c')], { ...statistics, ...weights }, image, ['batch', 4, 3, 3]))).toEqual(['Conv'])
  })

  test('after a convolution that a skip uses too, and alone', () => {
    const nodes = [
      node('Conv', ['x', 'w'], ['c']),
      bn('c', 'n'),
      node('Relu', ['n'], ['r']),
      node('Add', ['r', 'c'], ['a']),
      bn('a'),
    ]
    const ops = folded(graphOf(nodes, { ...statistics, w: random([4, 2, 1, 1], 6) }, image, ['batch', 4, 5, 5]))
    expect(ops).toEqual(['Conv', 'Mul', 'Add', 'Relu', 'Add', 'Mul', 'Add'])
  })

  test.each<[string, Node[]]>([
    ['Gemm', [node('Gemm', ['x', 'w', 'b'], ['c'], { attributes: { alpha: 0.5, beta: 2 } })]],
    ['MatMul', [node('MatMul', ['x', 'w'], ['c'])]],
    ['MatMul and Add', [node('MatMul', ['x', 'w'], ['p']), node('Add', ['p', 'b'], ['c'])]],
  ])('after %s', (_name, nodes) => {
    const weights = { w: random([6, 4], 6), b: random([4], 7) }
    const graph = graphOf([...nodes, bn('c')], { ...statistics, ...weights }, ['batch', 6], ['batch', 4])
    expect(folded(graph)).toEqual(['Linear'])
  })

  test('of tokens as channels, after a product over features', () => {
    const graph = graphOf(
      [node('MatMul', ['x', 'w'], ['c']), bn('c')],
      { ...statistics, w: random([6, 4], 6) },
      ['batch', 4, 6],
      ['batch', 4, 4],
    )
    expect(folded(graph)).toEqual(['Linear', 'Mul', 'Add'])
  })
})

describe('shape arithmetic', () => {
  const batch = [
    node('Shape', ['x'], ['shape']),
    node('Gather', ['shape', 'zero'], ['n']),
    node('Unsqueeze', ['n', 'axis'], ['nv']),
  ]
  const constants = { zero: int64([], [0]), axis: ints(0), end: { ...ints(0), data: BigInt64Array.of(2n ** 63n - 1n) } }

  test('heads split off and merged with the batch, and taken back', () => {
    const nodes = [
      ...batch,
      node('Mul', ['n', 'two'], ['m']),
      node('Unsqueeze', ['m', 'axis'], ['mv']),
      concat(['nv', 'rest4'], 'four'),
      node('Reshape', ['x', 'four'], ['a']),
      transpose('a', 'b', [0, 2, 1, 3]),
      concat(['mv', 'rest3'], 'three'),
      node('Reshape', ['b', 'three'], ['c']),
      node('Softmax', ['c'], ['d'], { attributes: { axis: 1 } }),
      concat(['nv', 'back'], 'to'),
      node('Reshape', ['d', 'to'], ['y']),
    ]
    const more = { two: int64([], [2]), rest4: ints(5, 2, -1), rest3: ints(-1, 4), back: ints(2, 5, 4) }
    const graph = graphOf(nodes, { ...constants, ...more }, ['batch', 5, 8], ['batch', 2, 5, 4])
    expect(folded(graph)).toEqual(['Reshape', 'Transpose', 'Reshape', 'Softmax', 'Reshape'])
  })

  test('a class token, its Expand guarded by Where', () => {
    const nodes = [
      ...batch,
      concat(['nv', 'keep'], 'to'),
      node('ConstantOfShape', ['rank'], ['ones'], { attributes: { value: ints(1) } }),
      node('Mul', ['ones', 'minus'], ['negative']),
      node('Equal', ['to', 'negative'], ['same']),
      node('Where', ['same', 'ones', 'to'], ['wanted']),
      node('Expand', ['token', 'wanted'], ['tokens']),
      node('Concat', ['tokens', 'x'], ['y'], { attributes: { axis: 1 } }),
    ]
    const more = { keep: ints(-1, -1), rank: ints(3), minus: int64([], [-1]), token: random([1, 1, 8], 4) }
    const graph = graphOf(nodes, { ...constants, ...more }, ['batch', 5, 8], ['batch', 6, 8])
    expect(folded(graph)).toEqual(['ExpandBatch', 'Concat'])
  })

  test('the scale of an attention, computed from a shape in floats', () => {
    const nodes = [
      node('Shape', ['x'], ['shape']),
      node('Slice', ['shape', 'last', 'end', 'axis'], ['d']),
      node('Cast', ['d'], ['f'], { attributes: { to: 1 } }),
      node('Sqrt', ['f'], ['root']),
      node('Div', ['one', 'root'], ['scale']),
      node('Mul', ['x', 'scale'], ['y']),
    ]
    const graph = graphOf(
      nodes,
      { ...constants, last: ints(-1), one: float32([1], [1]) },
      ['batch', 5, 8],
      ['batch', 5, 8],
    )
    expect(folded(graph)).toEqual(['Mul'])
  })

  test('a vector expanded to the shape of what it is added to', () => {
    const nodes = [
      node('Shape', ['x'], ['shape']),
      node('Expand', ['w', 'shape'], ['e']),
      node('Add', ['e', 'x'], ['y']),
    ]
    expect(folded(graphOf(nodes, { w: random([8], 3) }, ['batch', 5, 8], ['batch', 5, 8]))).toEqual(['Add'])
  })
})

describe('movement that is left out', () => {
  test('transposes in a row, one of them used twice', () => {
    const nodes = [
      transpose('x', 'a', [2, 0, 1]),
      transpose('a', 'b', [1, 0, 2]),
      transpose('b', 'c', [0, 2, 1]),
      node('Neg', ['c'], ['d']),
      node('MatMul', ['d', 'b'], ['y']),
    ]
    const graph = graphOf(nodes, {}, ['batch', 5, 8], ['batch', 5, 5])
    expect(folded(graph)).toEqual(['Transpose', 'Neg', 'MatMul'])
  })

  test('the key of an attention as torch.export writes it', () => {
    const nodes = [
      node('Reshape', ['x', 'flat'], ['a']),
      transpose('a', 'b', [0, 2, 1]),
      node('Reshape', ['b', 'back'], ['y']),
    ]
    const graph = graphOf(
      nodes,
      { flat: ints(-1, 5, 4), back: ints(-1, 2, 4, 5) },
      ['batch', 2, 5, 4],
      ['batch', 2, 4, 5],
    )
    expect(folded(graph)).toEqual(['Transpose'])
  })

  test('Identity, Cast, Reshape and Slice that change nothing', () => {
    const nodes = [
      node('Identity', ['x'], ['a']),
      node('Cast', ['a'], ['b'], { attributes: { to: 1 } }),
      node('Reshape', ['b', 'same'], ['c']),
      node('Slice', ['c', 'from', 'to'], ['d']),
      node('Exp', ['d'], ['y']),
    ]
    const graph = graphOf(
      nodes,
      { same: ints(0, -1, 8), from: ints(0), to: ints(2 ** 31) },
      ['batch', 5, 8],
      ['batch', 5, 8],
    )
    expect(folded(graph)).toEqual(['Exp'])
  })

  test('constants are computed as the operators would', () => {
    const nodes = [
      node('Concat', ['p', 'q'], ['a'], { attributes: { axis: 1 } }),
      transpose('a', 'b', [1, 0]),
      node('Slice', ['b', 'last', 'first', 'axis', 'back'], ['c']),
      node('Gather', ['c', 'picks'], ['d'], { attributes: { axis: 1 } }),
      node('ReduceMean', ['d', 'axis1'], ['mean']),
      node('Sub', ['d', 'mean'], ['e']),
      node('Tile', ['e', 'times'], ['f']),
      node('MatMul', ['x', 'f'], ['y']),
    ]
    const more = {
      p: random([3, 2], 2),
      q: random([3, 6], 3),
      last: ints(-1),
      first: ints(-100),
      axis: ints(0),
      axis1: ints(1),
      back: ints(-1),
      picks: ints(2, 0, -2),
      times: ints(1, 2),
    }
    expect(folded(graphOf(nodes, more, ['batch', 5, 8], ['batch', 5, 6]))).toEqual(['Linear'])
  })
})
