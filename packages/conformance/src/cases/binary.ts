import { constant, single, tolerances, type OperatorCase } from './case.js'
import { bools, floats, integers, uniform } from './random.js'

const { exact, arithmetic, transcendental } = tolerances

/** Pairs of shapes that NumPy's broadcasting joins; both orders of each are run. */
const pairs = [
  ['equal', [2, 3, 5], [2, 3, 5]],
  ['equal, 197', [197], [197]],
  ['scalar', [7, 3], []],
  ['one element', [7, 3], [1]],
  ['ones of the same rank', [2, 3, 5], [1, 1, 1]],
  ['row', [41, 17], [17]],
  ['row of the same rank', [7, 5], [1, 5]],
  ['column', [7, 5], [7, 1]],
  ['one column of a batch', [2, 7, 5], [7, 1]],
  ['last axis', [7, 2, 4], [4]],
  ['tokens', [7, 3, 5], [1, 3, 5]],
  ['tokens, fewer dimensions', [2, 3, 4, 5], [4, 5]],
  ['images', [7, 3, 5], [7, 1, 1]],
  ['channels', [2, 3, 4, 5], [1, 3, 1, 1]],
  ['channels [C, 1, 1]', [7, 5, 3, 3], [5, 1, 1]],
  ['channels of each image', [7, 3, 5, 7], [7, 3, 1, 1]],
  ['a map for all', [2, 3, 5, 7], [5, 7]],
  ['a map for each image', [2, 3, 5, 7], [2, 1, 5, 7]],
  ['middle axes', [2, 3, 4, 5], [2, 1, 1, 5]],
  ['both ways', [3, 1, 5], [2, 1, 4, 1]],
  ['outer', [7, 1], [5]],
] as const

const floatOps = [
  ['Add', arithmetic],
  ['Sub', arithmetic],
  ['Mul', arithmetic],
  ['Div', arithmetic],
  ['Min', exact],
  ['Max', exact],
] as const

export const binaryCases: readonly OperatorCase[] = [
  ...floatOps.flatMap(([op, tolerance]) =>
    pairs.flatMap(([what, a, b]) => [
      single(op, what, [uniform(a, -2, 2), uniform(b, 0.5, 2)], tolerance),
      ...(`${a}` === `${b}` ? [] : [single(op, `${what}, exchanged`, [uniform(b), uniform(a, 0.5, 2)], tolerance)]),
    ]),
  ),
  ...['Add', 'Sub', 'Mul', 'Div'].flatMap((op) => [
    single(op, 'constant row', [uniform([41, 5]), constant(uniform([5], 0.5, 2))], arithmetic),
    single(op, 'constant on the left', [constant(uniform([4])), uniform([3, 4], 0.5, 2)], arithmetic),
    single(op, 'constant channels', [uniform([2, 3, 5, 7]), constant(uniform([3, 1, 1], 0.5, 2))], arithmetic),
  ]),
  ...['Add', 'Sub', 'Mul'].map((op) => single(op, 'int64', [integers([2, 3], -9, 9), integers([3], -9, 9)], exact)),
  single('Div', 'int64 towards zero', [integers([3, 5], -20, 20), integers([5], 2, 7)], exact),
  single('Pow', 'positive base', [uniform([2, 3], 0.1, 3), uniform([3], -2, 2)], transcendental),
  single('Pow', 'squares of either sign', [uniform([2, 3]), constant(floats([], [2]))], transcendental),
  single('Mod', 'int64, sign of the divisor', [integers([3, 5], -20, 20), integers([5], 2, 7)], exact),
  single('Mod', 'fmod, sign of the dividend', [uniform([3, 5], -5, 5), constant(floats([], [1.5]))], arithmetic, {
    attributes: { fmod: 1 },
  }),
  single('Pow', 'cubes', [uniform([7, 5]), constant(floats([], [3]))], transcendental),
  single('Pow', 'halves', [uniform([7, 5], 0, 9), constant(floats([], [0.5]))], transcendental),
  single('PRelu', 'one slope', [uniform([7, 5]), constant(uniform([1]))], arithmetic),
  single('PRelu', 'slope per channel', [uniform([2, 3, 4, 5]), constant(uniform([3, 1, 1]))], arithmetic),
  ...(['Min', 'Max', 'Sum', 'Mean'] as const).flatMap((op) => [
    single(op, 'three, broadcast', [uniform([2, 3]), uniform([1, 3]), uniform([2, 1])], arithmetic),
    single(op, 'one', [uniform([2, 3])], exact),
  ]),
  ...['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'].flatMap((op) => [
    single(op, 'floats', [floats([2, 3], [1, 2, 3, -1, 0, 2]), floats([3], [1, 0, 3])], exact),
    single(op, 'int64', [integers([4, 3], 0, 2), integers([3], 0, 2)], exact),
  ]),
  ...['And', 'Or', 'Xor'].map((op) => single(op, 'broadcast', [bools([5, 4]), bools([4])], exact)),
  single('Where', 'broadcast', [bools([2, 1, 4]), uniform([3, 1]), uniform([])], exact),
  ...pairs.map(([what, a, b]) =>
    single('Where', `${what}, condition of the second shape`, [bools(b), uniform(a), uniform(b)], exact),
  ),
  single('Where', 'equal', [bools([7, 3]), uniform([7, 3]), uniform([7, 3])], exact),
  ...(
    [
      ['one row', [5]],
      ['tokens', [7, 3, 5]],
      ['197 tokens', [1, 197, 8]],
      ['channels last', [2, 5, 7, 17]],
      ['one channel', [3, 7, 1]],
    ] as const
  ).map(([what, x]) =>
    single('LayerScale', what, [uniform(x), constant(uniform([x[x.length - 1]!]))], arithmetic, {
      domain: 'ai.tacojs',
    }),
  ),
]
