import { createGraph, float32, int64, node, type Dim, type Node, type Tensor } from './index.js'
import { analyze } from './infer.js'

/** Follows `nodes` from an image batch, and from tokens with batch and heads merged; `y` is what they compute. */
function follow(nodes: Node[], more: Record<string, Tensor> = {}) {
  const analysis = analyze(
    createGraph({
      inputs: [
        { name: 'x', dtype: 'float32', shape: ['batch', 3, 224, 224] },
        { name: 'tokens', dtype: 'float32', shape: ['batch', 197, 192] },
        { name: 'merged', dtype: 'float32', shape: ['12*batch', 197, 16] },
      ],
      outputs: [],
      nodes: [node('Shape', ['x'], ['s']), node('Gather', ['s', 'zero'], ['n']), ...nodes],
      initializers: {
        zero: int64([], [0]),
        axis0: int64([1], [0]),
        one: int64([], [1]),
        minus: int64([1], [-1]),
        twelve: int64([], [12]),
        n192: int64([1], [192]),
        ...more,
      },
    }),
  )
  return { y: analysis.elements.get('y'), shape: analysis.types.get('y')?.shape }
}

const unsqueeze = node('Unsqueeze', ['n', 'axis0'], ['nv'])
const concat = (...parts: string[]): Node => node('Concat', parts, ['to'], { attributes: { axis: 0 } })

test('Shape, Gather, Unsqueeze, Concat, Reshape: what TorchScript writes', () => {
  const { shape } = follow([unsqueeze, concat('nv', 'minus', 'n192'), node('Reshape', ['tokens', 'to'], ['y'])])
  expect(shape).toEqual(['batch', 197, 192])
})

test('Shape in part and Slice: what torch.export writes', () => {
  const part = node('Shape', ['x'], ['y'], { attributes: { start: 0, end: 1 } })
  expect(follow([part]).y).toEqual({ rank: 1, values: ['batch'] })
  const slice = node('Slice', ['s', 'two', 'four'], ['y'])
  const two = { two: int64([1], [-2]), four: int64([1], [4]) }
  expect(follow([slice], two).y).toEqual({ rank: 1, values: [224, 224] })
})

test('numbers of elements: Size, and the product of sizes that TensorFlow flattens by', () => {
  expect(follow([node('Size', ['x'], ['y'])]).y).toEqual({ rank: 0, values: ['150528*batch'] })
  expect(follow([node('Size', ['s'], ['y'])]).y).toEqual({ rank: 0, values: [4] })
  const product = (keepdims: number): Node => node('ReduceProd', ['s'], ['y'], { attributes: { keepdims } })
  expect(follow([product(0)]).y).toEqual({ rank: 0, values: ['150528*batch'] })
  expect(follow([product(1)]).y).toEqual({ rank: 1, values: ['150528*batch'] })
})

test('batch times heads, merged and taken apart again', () => {
  const product = node('Mul', ['n', 'twelve'], ['m'])
  const vector = node('Reshape', ['m', 'minus'], ['nv'])
  const merge = follow([product, vector, concat('nv', 'minus', 'size'), node('Reshape', ['tokens', 'to'], ['y'])], {
    size: int64([1], [16]),
  })
  expect(merge.shape).toEqual(['12*batch', 197, 16])
  const apart = follow([unsqueeze, concat('nv', 'heads', 'minus', 'size'), node('Reshape', ['merged', 'to'], ['y'])], {
    heads: int64([1], [12]),
    size: int64([1], [16]),
  })
  expect(apart.shape).toEqual(['batch', 12, 197, 16])
  const back = follow([product, node('Div', ['m', 'twelve'], ['y'])])
  expect(back.y).toEqual({ rank: 0, values: ['batch'] })
})

test('Where(shape = -1, 1, shape), as Expand is guarded: a size is never negative', () => {
  const { shape } = follow(
    [
      unsqueeze,
      concat('nv', 'minus', 'n192'),
      node('ConstantOfShape', ['three'], ['ones'], { attributes: { value: int64([1], [1]) } }),
      node('Mul', ['ones', 'minus1'], ['negative']),
      node('Equal', ['to', 'negative'], ['keeps']),
      node('Where', ['keeps', 'ones', 'to'], ['wanted']),
      node('Expand', ['token', 'wanted'], ['y']),
    ],
    { three: int64([1], [3]), minus1: int64([], [-1]), token: float32([1, 1, 192], new Float32Array(192)) },
  )
  expect(shape).toEqual(['batch', 1, 192])
})

test.each<[string, Node[], Dim[]]>([
  ['Add of zero', [node('Add', ['n', 'zero'], ['y'])], ['batch']],
  ['Sub of itself', [node('Sub', ['n', 'n'], ['y'])], [0]],
  ['Floor and Cast', [node('Cast', ['n'], ['i'], { attributes: { to: 6 } }), node('Floor', ['i'], ['y'])], ['batch']],
  ['Squeeze', [unsqueeze, node('Squeeze', ['nv', 'axis0'], ['y'])], ['batch']],
  ['Equal of itself', [node('Equal', ['n', 'n'], ['y'])], [1]],
  ['Identity', [node('Identity', ['s'], ['y'])], ['batch', 3, 224, 224]],
])('%s', (_name, nodes, values) => expect(follow(nodes).y!.values).toEqual(values))

test('what cannot be known is not guessed', () => {
  for (const nodes of [
    [node('Add', ['n', 'one'], ['y'])],
    [node('Equal', ['n', 'one'], ['y'])],
    [node('Mul', ['n', 'n'], ['y'])],
    [node('Div', ['n', 'twelve'], ['y'])],
    [node('Cast', ['n'], ['y'], { attributes: { to: 9 } })],
  ]) {
    expect(follow(nodes).y).toBeUndefined()
  }
  const { shape } = follow([node('Add', ['s', 'one'], ['to']), node('ConstantOfShape', ['to'], ['y'])])
  expect(shape!.map((d) => typeof d)).toEqual(Array(4).fill('string'))
  expect(shape).not.toContain('batch')
})
