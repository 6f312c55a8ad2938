import { createGraph, float32, int64, node, toNumbers, type Attribute, type Domain, type Tensor } from '@tacojs/graph'
import { runOracle } from './index.js'

/** Shape and elements of the first output of one node, from values worked out by hand or given in the ONNX specification. */
function one(
  op: string,
  inputs: readonly (Tensor | undefined)[],
  attributes: Record<string, Attribute> = {},
  domain: Domain = '',
): [shape: readonly number[], values: number[]] {
  const names = inputs.map((t, i) => (t ? `i${i}` : ''))
  const graph = createGraph({
    inputs: [],
    outputs: [{ name: 'y', dtype: 'float32', shape: [] }],
    nodes: [node(op, names, ['y'], { attributes, domain })],
    initializers: Object.fromEntries(inputs.flatMap((t, i) => (t ? [[`i${i}`, t] as const] : []))),
  })
  const { y } = runOracle(graph, {})
  return [y!.shape, toNumbers(y!)]
}
const f = (shape: number[], ...values: number[]): Tensor => float32(shape, values)
const l = (...values: number[]): Tensor => int64([values.length], values)
const count = (...shape: number[]): Tensor =>
  f(shape, ...Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i))

test.each<[string, ReturnType<typeof one>, number[], number[]]>([
  ['Round to even', one('Round', [f([6], 0.5, 1.5, 2.5, -0.5, -1.5, -2.6)]), [6], [0, 2, 2, -0, -2, -3]],
  ['Div int', one('Div', [l(-7, 7, -6), l(2, -2, 4)]), [3], [-3, -3, -1]],
  ['Mod int', one('Mod', [l(-4, 7, 5), l(3, -3, 8)]), [3], [2, -2, 5]],
  ['Mod fmod', one('Mod', [l(-4, 7, 5), l(3, -3, 8)], { fmod: 1 }), [3], [-1, 1, 5]],
  ['Clip', one('Clip', [f([3], -2, 0, 2), undefined, f([], 1)]), [3], [-2, 0, 1]],
  ['HardSwish', one('HardSwish', [f([3], -3, 0, 3)]), [3], [-0, 0, 3]],
  // 3×3 image 0…8, 2×2 kernel of ones: sums of 2×2 windows
  ['Conv', one('Conv', [count(1, 1, 3, 3), f([1, 1, 2, 2], 1, 1, 1, 1)]), [1, 1, 2, 2], [8, 12, 20, 24]],
  [
    'Conv dilated, padded below and right',
    one('Conv', [count(1, 1, 3, 3), f([1, 1, 2, 2], 1, 2, 3, 4)], { dilations: [2, 2], pads: [0, 0, 1, 1] }),
    [1, 1, 2, 2],
    [0 + 4 + 18 + 32, 1 + 21, 3 + 10, 4],
  ],
  [
    'Conv 1-D groups and bias',
    one('Conv', [count(1, 2, 3), f([2, 1, 2], 1, 1, 1, -1), f([2], 10, 20)], { group: 2 }),
    [1, 2, 2],
    [11, 13, 19, 19],
  ],
  // the specification's example maxpool_2d_ceil
  [
    'MaxPool ceil_mode',
    one('MaxPool', [f([1, 1, 4, 4], ...Array.from({ length: 16 }, (_, i) => i + 1))], {
      kernel_shape: [3, 3],
      strides: [2, 2],
      ceil_mode: 1,
    }),
    [1, 1, 2, 2],
    [11, 12, 15, 16],
  ],
  // the specification's example maxpool_2d_dilations
  [
    'MaxPool dilations',
    one('MaxPool', [f([1, 1, 4, 4], ...Array.from({ length: 16 }, (_, i) => i + 1))], {
      kernel_shape: [2, 2],
      strides: [1, 1],
      dilations: [2, 2],
    }),
    [1, 1, 2, 2],
    [11, 12, 15, 16],
  ],
  // the specification's example averagepool_2d_ceil
  [
    'AveragePool ceil_mode',
    one('AveragePool', [f([1, 1, 4, 4], ...Array.from({ length: 16 }, (_, i) => i + 1))], {
      kernel_shape: [3, 3],
      strides: [2, 2],
      ceil_mode: 1,
    }),
    [1, 1, 2, 2],
    [6, 7.5, 12, 13.5],
  ],
  [
    'AveragePool count_include_pad',
    one('AveragePool', [f([1, 1, 2], 4, 8)], { kernel_shape: [2], pads: [1, 1], count_include_pad: 1 }),
    [1, 1, 3],
    [2, 6, 4],
  ],
  [
    'AveragePool without',
    one('AveragePool', [f([1, 1, 2], 4, 8)], { kernel_shape: [2], pads: [1, 1] }),
    [1, 1, 3],
    [4, 6, 8],
  ],
  ['Slice backwards', one('Slice', [count(5), l(-1), l(-1000), l(0), l(-2)]), [3], [4, 2, 0]],
  ['Slice empty', one('Slice', [count(5), l(3), l(1)]), [0], []],
  ['Gather', one('Gather', [count(3, 2), l(-1, 0)]), [2, 2], [4, 5, 0, 1]],
  ['Reshape', one('Reshape', [count(2, 3, 2), l(0, -1)]), [2, 6], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
  ['Concat', one('Concat', [count(2, 1), count(2, 2)], { axis: 1 }), [2, 3], [0, 0, 1, 1, 2, 3]],
  ['Transpose', one('Transpose', [count(2, 3)]), [3, 2], [0, 3, 1, 4, 2, 5]],
  ['Pad reflect', one('Pad', [count(3), l(2, 2)], { mode: 'reflect' }), [7], [2, 1, 0, 1, 2, 1, 0]],
  ['Pad edge', one('Pad', [count(3), l(1, 2)], { mode: 'edge' }), [6], [0, 0, 1, 2, 2, 2]],
  ['Pad crops', one('Pad', [count(4), l(-1, 1), f([], 9)]), [4], [1, 2, 3, 9]],
  ['Tile', one('Tile', [count(2), l(2)]), [4], [0, 1, 0, 1]],
  [
    'DepthToSpace DCR',
    one('DepthToSpace', [count(1, 8, 1, 1)], { blocksize: 2 }),
    [1, 2, 2, 2],
    [0, 2, 4, 6, 1, 3, 5, 7],
  ],
  [
    'DepthToSpace CRD',
    one('DepthToSpace', [count(1, 8, 1, 1)], { blocksize: 2, mode: 'CRD' }),
    [1, 2, 2, 2],
    [0, 1, 2, 3, 4, 5, 6, 7],
  ],
  ['SpaceToDepth', one('SpaceToDepth', [count(1, 1, 2, 2)], { blocksize: 2 }), [1, 4, 1, 1], [0, 1, 2, 3]],
  ['ReduceMean', one('ReduceMean', [count(2, 3), l(1)], { keepdims: 0 }), [2], [1, 4]],
  ['ArgMax last', one('ArgMax', [f([1, 3], 2, 2, 1)], { axis: 1, select_last_index: 1, keepdims: 0 }), [1], [1]],
  ['Gemm', one('Gemm', [count(2, 1), count(2, 2), count(2)], { transA: 1, alpha: 2, beta: 3 }), [1, 2], [4, 9]],
  ['MatMul vectors', one('MatMul', [count(3), count(3)]), [], [5]],
  [
    'LayerNormalization',
    one('LayerNormalization', [f([1, 2], 1, 3), f([2], 2, 2), f([2], 1, 1)], { epsilon: 0 }),
    [1, 2],
    [-1, 3],
  ],
  ['Linear', one('Linear', [f([1, 2], 1, 2), count(3, 2), f([3], 1, 1, 1)], {}, 'ai.tacojs'), [1, 3], [3, 9, 15]],
  [
    'Attention of equal scores is the mean of V',
    one('Attention', [f([1, 1], 0), f([2, 1], 1, 2), f([2, 2], 1, 2, 3, 6)], { scale: 1 }, 'ai.tacojs'),
    [1, 2],
    [2, 4],
  ],
])('%s', (_name, [shape, values], wantedShape, wanted) => {
  expect(shape).toEqual(wantedShape)
  expect(values).toEqual(wanted)
})
