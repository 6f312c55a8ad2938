import { createGraph, float32, int64, node, residualWrites, zeros, type Dim, type Graph, type Node } from './index.js'

const linear = (x: string, y: string) => node('Linear', [x, 'w', 'b'], [y], { domain: 'ai.tacojs', name: y })

function graph(nodes: Node[], output = 'out'): Graph {
  return createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 6, 4] }],
    outputs: [{ name: output, dtype: 'float32', shape: ['batch', 6, 4] }],
    nodes,
    initializers: {
      w: zeros('float32', [4, 4]),
      b: zeros('float32', [4]),
      gamma: float32([4], [1, 2, 3, 4]),
      tokens: zeros('float32', [1, 6, 4]),
      folded: int64([4], [0, 2, 3, 4]),
      unfolded: int64([3], [0, 6, 4]),
    },
  })
}

test('a layer writes to a stream through factors and what only moves values', () => {
  const writes = residualWrites(
    graph([
      linear('x', 'inner'),
      node('Gelu', ['inner'], ['act'], { domain: 'ai.tacojs' }),
      linear('act', 'outer'),
      node('LayerScale', ['outer', 'gamma'], ['scaled'], { domain: 'ai.tacojs' }),
      node('Reshape', ['scaled', 'folded'], ['split']),
      node('Transpose', ['split'], ['turned'], { attributes: { perm: [0, 2, 1, 3] } }),
      node('Transpose', ['turned'], ['back'], { attributes: { perm: [0, 2, 1, 3] } }),
      node('Reshape', ['back', 'unfolded'], ['joined']),
      node('Add', ['x', 'joined'], ['sum'], { name: 'sum' }),
      linear('sum', 'out'),
    ]),
  )
  expect([...writes.keys()]).toEqual(['outer'])
  expect(writes.get('outer')).toMatchObject({ layer: 'outer', add: 'sum', skip: 'x', rectified: false })
  expect(writes.get('outer')!.steps.map((s) => s.kind)).toEqual([
    'scale',
    'reshape',
    'transpose',
    'transpose',
    'reshape',
  ])
})

test('whether all that reads the sum is an activation is told', () => {
  const rectified = (...nodes: Node[]) =>
    residualWrites(graph([linear('x', 'a'), node('Add', ['a', 'x'], ['sum']), ...nodes])).get('a')!.rectified
  const own = { domain: 'ai.tacojs' } as const
  for (const op of ['Relu', 'Mish', 'Selu', 'Softplus', 'Softsign', 'HardSwish'])
    expect(rectified(node(op, ['sum'], ['out']))).toBe(true)
  expect(rectified(node('Identity', ['sum'], ['same']), node('Gelu', ['same'], ['out'], own))).toBe(true)
  expect(rectified(node('PRelu', ['sum', 'gamma'], ['out']))).toBe(true)
  // SiLU
  expect(rectified(node('Sigmoid', ['sum'], ['gate']), node('Mul', ['gate', 'sum'], ['out']))).toBe(true)
  // the stream goes on beside it
  expect(rectified(node('Relu', ['sum'], ['act']), node('Add', ['act', 'sum'], ['out']))).toBe(false)
  expect(rectified(node('Mul', ['sum', 'gamma'], ['out']))).toBe(false)
})

test('a reshape of several sizes that the sum does not show is no step', () => {
  const of = (width: Dim) =>
    residualWrites(
      createGraph({
        inputs: [
          { name: 'x', dtype: 'float32', shape: ['batch', 'height', width, 4] },
          { name: 'skip', dtype: 'float32', shape: ['batch', 'positions', 4] },
        ],
        outputs: [{ name: 'out', dtype: 'float32', shape: ['batch', 'positions', 4] }],
        nodes: [
          node('Shape', ['x'], ['image']),
          node('Shape', ['skip'], ['tokens']),
          linear('x', 'a'),
          node('Reshape', ['a', 'tokens'], ['flat']),
          node('Reshape', ['flat', 'image'], ['square']),
          node('Reshape', ['square', 'tokens'], ['again']),
          node('Add', ['again', 'skip'], ['out']),
        ],
        initializers: { w: zeros('float32', [4, 4]), b: zeros('float32', [4]) },
      }),
    ).size
  expect(of(2)).toBe(1)
  expect(of('width')).toBe(0)
})

test('no stream: a constant, an output that is used twice, a value that comes later', () => {
  const of = (...nodes: Node[]) => residualWrites(graph(nodes)).size
  expect(of(linear('x', 'a'), node('Add', ['a', 'tokens'], ['out']))).toBe(0)
  expect(of(linear('x', 'a'), node('Add', ['a', 'x'], ['s']), node('Add', ['a', 's'], ['out']))).toBe(0)
  // the first of two parallel branches has nothing to be added to yet, the second has
  const parallel = graph([linear('x', 'a'), linear('x', 'c'), node('Add', ['a', 'c'], ['out'])])
  expect([...residualWrites(parallel).values()].map(({ layer, skip }) => [layer, skip])).toEqual([['c', 'a']])
})
