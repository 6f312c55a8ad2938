import { float32 } from '@tacojs/graph'
import { constant, single, tolerances, type Maker, type OperatorCase } from './case.js'
import { floats, longs, uniform } from './random.js'

const { exact, accumulated, transcendental } = tolerances
const own = { domain: 'ai.tacojs' } as const

/** The tensor with some of its elements replaced. */
const withValues =
  (make: Maker, values: Readonly<Record<number, number>>): Maker =>
  (random) => {
    const { shape, data } = make(random)
    const changed = Float32Array.from(data as Float32Array)
    for (const [place, value] of Object.entries(values)) changed[Number(place)] = value
    return float32(shape, changed)
  }

const odd = [NaN, Infinity, -Infinity, 1, -1, 0, 3.4e38, 2e-38]

/** Elementwise operators at what is not finite; where Gelu, Mish and the like take ∞ · 0 the formula itself says NaN. */
const pointwise = [
  ['Relu', exact],
  ['Neg', exact],
  ['Abs', exact],
  ['Identity', exact],
  ['LeakyRelu', tolerances.arithmetic],
  ['HardSigmoid', tolerances.arithmetic],
  ['Sigmoid', transcendental],
  ['Tanh', transcendental],
  ['Erf', transcendental],
] as const

/** No weight is zero here: a kernel that skips zeros need not see what they would have met. */
const positive = (shape: readonly number[]): Maker => uniform(shape, 0.5, 1)

/**
 * NaN and infinities in inputs come out where they belong and nowhere else: the row, image or place beside is as if they
 * were not there.
 */
export const valueCases: readonly OperatorCase[] = [
  ...pointwise.map(([op, tolerance]) => single(op, 'NaN and infinities', [floats([8], odd)], tolerance)),
  single('Clip', 'NaN and infinities', [floats([8], odd), constant(floats([], [0])), constant(floats([], [6]))], exact),
  single('Gelu', 'NaN', [floats([5], [NaN, 1, -1, NaN, 0])], transcendental, own),
  single('Exp', 'NaN and infinities', [floats([5], [NaN, Infinity, -Infinity, 0, 1])], transcendental),
  ...['Add', 'Sub', 'Mul'].map((op) =>
    single(
      op,
      'NaN and infinities',
      [floats([6], [NaN, Infinity, -Infinity, 1, 0, Infinity]), floats([6], [1, 2, 3, Infinity, NaN, -Infinity])],
      exact,
    ),
  ),
  single(
    'MatMul',
    'NaN and infinities in rows',
    [withValues(uniform([5, 17]), { 3: NaN, 20: Infinity, 40: -Infinity }), positive([17, 7])],
    accumulated,
  ),
  single(
    'Linear',
    'NaN and infinities in rows',
    [
      withValues(uniform([7, 40]), { 3: NaN, 90: Infinity, 130: -Infinity }),
      constant(positive([17, 40])),
      constant(uniform([17])),
    ],
    accumulated,
    own,
  ),
  single(
    'Conv',
    'NaN and infinities in places',
    [
      withValues(uniform([2, 3, 9, 10]), { 33: NaN, 288: Infinity }),
      constant(positive([5, 3, 3, 3])),
      constant(uniform([5])),
    ],
    accumulated,
    { attributes: { pads: [1, 1, 1, 1] } },
  ),
  single(
    'Conv',
    'NaN in a place, depthwise',
    [withValues(uniform([1, 3, 9, 10]), { 133: NaN }), constant(positive([3, 1, 3, 3]))],
    accumulated,
    { attributes: { pads: [1, 1, 1, 1], group: 3 } },
  ),
  ...['Softmax', 'LogSoftmax'].map((op) =>
    single(op, 'NaN in a row', [withValues(uniform([5, 7]), { 9: NaN })], transcendental),
  ),
  single(
    'Softmax',
    '-Infinity in rows',
    [withValues(uniform([5, 7]), { 0: -Infinity, 9: -Infinity, 10: -Infinity })],
    transcendental,
  ),
  single(
    'LayerNormalization',
    'NaN in a row',
    [withValues(uniform([5, 17]), { 20: NaN }), constant(positive([17])), constant(uniform([17]))],
    accumulated,
  ),
  single('GlobalAveragePool', 'NaN in a plane', [withValues(uniform([2, 3, 5, 7]), { 50: NaN })], accumulated),
  single(
    'ReduceMean',
    'NaN and infinities',
    [withValues(uniform([5, 7]), { 3: NaN, 9: Infinity }), constant(longs(1))],
    accumulated,
  ),
  single(
    'Attention',
    'NaN in a query',
    [withValues(uniform([2, 5, 4]), { 5: NaN }), uniform([2, 7, 4]), uniform([2, 7, 3])],
    accumulated,
    { ...own, attributes: { scale: 0.5 } },
  ),
  single(
    'Attention',
    'NaN in a key of one image',
    [uniform([2, 5, 4]), withValues(uniform([2, 7, 4]), { 5: NaN }), uniform([2, 7, 3])],
    accumulated,
    { ...own, attributes: { scale: 0.5 } },
  ),
  single('Transpose', 'NaN and infinities', [floats([2, 4], odd)], exact),
  single('Concat', 'NaN and infinities', [floats([2, 4], odd), uniform([2, 3])], exact, { attributes: { axis: 1 } }),
]
