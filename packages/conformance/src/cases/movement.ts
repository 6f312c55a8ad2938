import { int64 } from '@tacojs/graph'
import { constant, single, tolerances, type OperatorCase } from './case.js'
import { floats, integers, longs, uniform } from './random.js'

const { exact, arithmetic } = tolerances
const at = (...values: number[]): ReturnType<typeof constant> => constant(longs(...values))

/** Concat, Split, Slice, Gather and Pad along one axis of [2, 3, 5, 7]; the axis counted from either end in turn. */
const alongAxes = [0, 1, 2, 3].flatMap((place): OperatorCase[] => {
  const shape = [2, 3, 5, 7]
  const size = shape[place]!
  const axis = place % 2 ? place - 4 : place
  const what = `along axis ${axis}`
  const as = (length: number): number[] => shape.map((d, i) => (i === place ? length : d))
  const x = uniform(shape)
  const margins = (begin: number, end: number): number[] =>
    [...as(0), ...as(0)].map((_, i) => (i % 4 === place ? [begin, end][i >> 2]! : 0))
  return [
    single('Concat', what, [x, uniform(as(1)), uniform(as(4))], exact, { attributes: { axis } }),
    single('Concat', `${what}, constants between`, [constant(uniform(as(2))), x, constant(uniform(as(1)))], exact, {
      attributes: { axis },
    }),
    single('Split', what, [x, at(1, size - 1)], exact, { attributes: { axis }, outputs: 2 }),
    single('Split', `${what}, ones`, [x], exact, { attributes: { axis, num_outputs: size }, outputs: size }),
    single('Slice', what, [x, at(1), at(size), at(axis)], exact),
    single('Slice', `${what}, every other`, [x, at(0), at(size), at(axis), at(2)], exact),
    single('Slice', `${what}, the last`, [x, at(-1), at(2 ** 31 - 1), at(axis)], exact),
    single('Gather', what, [x, at(size - 1, 0, -1)], exact, { attributes: { axis } }),
    single('Gather', `${what}, one place`, [x, constant(() => int64([], [-1]))], exact, { attributes: { axis } }),
    single('Gather', `${what}, matrix`, [x, constant(integers([2, 3], 0, size - 1))], exact, { attributes: { axis } }),
    single('Pad', what, [x, at(...margins(1, 2))], exact),
    single('Pad', `${what}, cropped`, [x, at(...margins(-1, 1)), constant(floats([], [0.5]))], exact),
  ]
})

/** Every order of three axes, and those of attention heads, windows and channels last. */
const orders = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
  [0, 2, 1, 3],
  [0, 2, 3, 1],
  [0, 3, 1, 2],
  [0, 1, 3, 2],
  [3, 2, 1, 0],
  [2, 0, 3, 1, 4],
  [0, 1, 3, 2, 4, 5],
]

export const movementCases: readonly OperatorCase[] = [
  ...alongAxes,
  ...orders.map((perm) =>
    single('Transpose', `order ${perm.join(', ')}`, [uniform([2, 3, 5, 4, 2, 3].slice(0, perm.length))], exact, {
      attributes: { perm },
    }),
  ),
  single('Transpose', '197 × 64', [uniform([1, 197, 64])], exact, { attributes: { perm: [0, 2, 1] } }),
  single('Transpose', '17 channels of 7×7', [uniform([7, 17, 49])], exact, { attributes: { perm: [0, 2, 1] } }),
  single('Reshape', 'a scalar', [uniform([1, 1]), constant(() => int64([0], []))], exact),
  single('Reshape', 'inferred', [uniform([2, 3, 4]), at(4, -1)], exact),
  single('Reshape', 'copied by 0', [uniform([7, 3, 4]), at(0, 2, -1)], exact),
  single('Reshape', 'int64', [integers([2, 6], -9, 9), at(3, 4)], exact),
  single('Transpose', 'default', [uniform([2, 3, 5])], exact),
  single('Transpose', 'heads', [uniform([7, 3, 2, 5])], exact, { attributes: { perm: [0, 2, 1, 3] } }),
  single('Transpose', 'rank 5', [uniform([1, 5, 3, 2, 4])], exact, { attributes: { perm: [2, 0, 3, 1, 4] } }),
  single('Transpose', 'channels last', [uniform([2, 3, 4, 5])], exact, { attributes: { perm: [0, 2, 3, 1] } }),
  single('Flatten', 'default', [uniform([7, 3, 2, 2])], exact),
  single('Flatten', 'axis 0', [uniform([2, 3])], exact, { attributes: { axis: 0 } }),
  single('Flatten', 'axis -1', [uniform([2, 3, 4])], exact, { attributes: { axis: -1 } }),
  single('Squeeze', 'axes', [uniform([1, 3, 1, 5]), at(-2)], exact),
  single('Squeeze', 'all', [uniform([1, 3, 1, 5])], exact),
  single('Unsqueeze', 'axes', [uniform([3, 5]), at(0, -1)], exact),
  single('Concat', 'axis 1', [uniform([2, 1, 3]), uniform([2, 4, 3])], exact, { attributes: { axis: 1 } }),
  single('Concat', 'three, last axis', [uniform([7, 2]), uniform([7, 3]), uniform([7, 1])], exact, {
    attributes: { axis: -1 },
  }),
  single('Concat', 'int64', [integers([2], 0, 9), integers([3], 0, 9)], exact, { attributes: { axis: 0 } }),
  single('Split', 'sizes', [uniform([2, 7, 3]), at(2, 5)], exact, { attributes: { axis: 1 }, outputs: 2 }),
  single('Split', 'num_outputs, uneven', [uniform([7, 2])], exact, { attributes: { num_outputs: 3 }, outputs: 3 }),
  single('Slice', 'one axis', [uniform([5, 7]), at(1), at(4), at(1)], exact),
  single('Slice', 'default axes', [uniform([5, 7]), at(1, 2), at(3, 1000)], exact),
  single('Slice', 'negative bounds', [uniform([2, 9, 3]), at(-5), at(-1), at(1)], exact),
  single('Slice', 'steps', [uniform([9, 8]), at(1, 0), at(9, 8), at(0, 1), at(3, 2)], exact),
  single('Slice', 'backwards', [uniform([3, 8]), at(-1), at(-1000), at(1), at(-1)], exact),
  single('Slice', 'backwards by two', [uniform([9, 2]), at(7), at(1), at(0), at(-2)], exact),
  single('Gather', 'class token', [uniform([7, 5, 4]), constant(() => int64([], [0]))], exact, {
    attributes: { axis: 1 },
  }),
  single('Gather', 'negative indices', [uniform([6, 3]), at(-1, 0, 2, -6)], exact),
  single('Gather', 'matrix of indices', [uniform([3, 5]), constant(integers([2, 4], -5, 4))], exact, {
    attributes: { axis: 1 },
  }),
  single('Expand', 'both ways', [uniform([3, 1]), at(2, 1, 4)], exact),
  single('Expand', 'batch', [uniform([1, 1, 5]), at(7, 1, 1)], exact),
  single('Expand', 'channels', [uniform([3, 1, 1]), at(2, 3, 5, 7)], exact),
  single('Expand', 'a scalar', [uniform([]), at(3, 5)], exact),
  single('Tile', 'batch', [uniform([1, 3, 5]), at(7, 1, 1)], exact),
  single('Tile', 'ones', [uniform([2, 3]), at(1, 1)], exact),
  single('Tile', 'uneven', [uniform([2, 3]), at(2, 3)], exact),
  single('Pad', 'zeros', [uniform([2, 3]), at(1, 0, 2, 1)], exact),
  single('Pad', 'value', [uniform([1, 2, 3, 4]), at(0, 0, 1, 2, 0, 0, 2, 1), constant(floats([], [-1.5]))], exact),
  single('Pad', 'axes', [uniform([2, 3, 4]), at(1, 2, 0, 1), undefined, at(-1, 1)], exact),
  single('Pad', 'reflect', [uniform([1, 2, 4, 5]), at(0, 0, 2, 1, 0, 0, 3, 2)], exact, {
    attributes: { mode: 'reflect' },
  }),
  single('Pad', 'edge', [uniform([1, 2, 4, 5]), at(0, 0, 2, 1, 0, 0, 3, 2)], exact, { attributes: { mode: 'edge' } }),
  single('Shape', 'all', [uniform([7, 3, 5])], exact),
  single('Shape', 'part', [uniform([7, 3, 5])], exact, { attributes: { start: -2, end: -1 } }),
  single('Size', 'three axes', [uniform([7, 3, 5])], exact),
  single('Constant', 'tensor', [], exact, { attributes: { value: int64([3], [4, -5, 6]) } }),
  single('ConstantOfShape', 'default', [at(2, 3)], exact),
  single('ConstantOfShape', 'int64', [at(4)], exact, { attributes: { value: int64([1], [-1]) } }),
  single(
    'Range',
    'int64',
    [2, 11, 3].map((v) => constant(() => int64([], [v]))),
    exact,
  ),
  single(
    'Range',
    'float, downwards',
    [1, -1, -0.5].map((v) => constant(floats([], [v]))),
    arithmetic,
  ),
  ...['DCR', 'CRD'].map((mode) =>
    single('DepthToSpace', mode, [uniform([2, 12, 3, 2])], exact, { attributes: { blocksize: 2, mode } }),
  ),
  single('SpaceToDepth', 'blocks of two', [uniform([2, 3, 4, 6])], exact, { attributes: { blocksize: 2 } }),
  single('SpaceToDepth', 'blocks of three', [uniform([1, 2, 6, 3])], exact, { attributes: { blocksize: 3 } }),
  ...(
    [
      ['class token', [1, 1, 5], [7, 3, 4]],
      ['one image', [1, 1, 5], [1, 3, 4]],
      ['positions', [1, 41, 3], [2, 3, 8, 8]],
      ['a vector', [1], [7]],
    ] as const
  ).map(([what, x, like]) =>
    single('ExpandBatch', what, [constant(uniform(x)), uniform(like)], exact, { domain: 'ai.tacojs' }),
  ),
]
