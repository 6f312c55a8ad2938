import { constant, single, tolerances, type OperatorCase } from './case.js'
import { bools, floats, integers, uniform } from './random.js'

const { exact, arithmetic, transcendental } = tolerances

/** Pairs of shapes that NumPy's broadcasting joins. */
const pairs = [
  ['equal', [2, 3, 5], [2, 3, 5]],
  ['scalar', [7, 3], []],
  ['last axis', [7, 2, 4], [4]],
  ['channels', [2, 3, 4, 5], [1, 3, 1, 1]],
  ['both ways', [3, 1, 5], [2, 1, 4, 1]],
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
    pairs.map(([what, a, b]) => single(op, what, [uniform(a, -2, 2), uniform(b, 0.5, 2)], tolerance)),
  ),
  single('Add', 'constant on the left', [constant(uniform([4])), uniform([3, 4])], arithmetic),
  ...['Add', 'Sub', 'Mul'].map((op) => single(op, 'int64', [integers([2, 3], -9, 9), integers([3], -9, 9)], exact)),
  single('Div', 'int64 towards zero', [integers([3, 5], -20, 20), integers([5], 2, 7)], exact),
  single('Pow', 'positive base', [uniform([2, 3], 0.1, 3), uniform([3], -2, 2)], transcendental),
  single('Pow', 'squares of either sign', [uniform([2, 3]), constant(floats([], [2]))], transcendental),
  single('Mod', 'int64, sign of the divisor', [integers([3, 5], -20, 20), integers([5], 2, 7)], exact),
  single('Mod', 'fmod, sign of the dividend', [uniform([3, 5], -5, 5), constant(floats([], [1.5]))], arithmetic, {
    attributes: { fmod: 1 },
  }),
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
  single('Where', 'equal', [bools([7, 3]), uniform([7, 3]), uniform([7, 3])], exact),
  single('LayerScale', 'tokens', [uniform([7, 3, 5]), constant(uniform([5]))], arithmetic, { domain: 'ai.tacojs' }),
]
