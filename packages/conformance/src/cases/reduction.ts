import { constant, single, tolerances, type OperatorCase } from './case.js'
import { floats, integers, longs, uniform } from './random.js'

const { exact, accumulated } = tolerances

const ops = ['Mean', 'Sum', 'Max', 'Min', 'Prod', 'L1', 'L2', 'SumSquare'].map((name) => `Reduce${name}`)

/** Every set of axes of four, {0} to {0, 1, 2, 3}; kept and dropped in turn. */
const axisSets = Array.from({ length: 15 }, (_, i) => [0, 1, 2, 3].filter((axis) => ((i + 1) >> axis) & 1))

export const reductionCases: readonly OperatorCase[] = [
  ...['ReduceMean', 'ReduceSum', 'ReduceMax'].flatMap((op) =>
    axisSets.map((axes, i) =>
      single(
        op,
        `axes ${axes.join(', ')}`,
        [uniform([2, 3, 5, 7]), constant(longs(...axes))],
        op === 'ReduceMax' ? exact : accumulated,
        { attributes: { keepdims: i % 2 } },
      ),
    ),
  ),
  single('ReduceMean', 'tokens', [uniform([7, 197, 5]), constant(longs(1))], accumulated, {
    attributes: { keepdims: 0 },
  }),
  single('ReduceMean', 'planes', [uniform([2, 17, 7, 7]), constant(longs(-1, -2))], accumulated),
  ...ops.flatMap((op) => {
    const tolerance = op === 'ReduceMax' || op === 'ReduceMin' ? exact : accumulated
    return [
      single(op, 'last axis', [uniform([7, 3, 5], 0.5, 2), constant(longs(-1))], tolerance),
      single(op, 'planes, dropped', [uniform([2, 3, 4, 5], 0.5, 2), constant(longs(2, 3))], tolerance, {
        attributes: { keepdims: 0 },
      }),
      single(op, 'axis 1', [uniform([1, 4, 3], -2, 2), constant(longs(1))], tolerance),
      single(op, 'everything', [uniform([3, 5], 0.5, 2)], tolerance, { attributes: { keepdims: 0 } }),
    ]
  }),
  single('ReduceSum', 'noop_with_empty_axes', [uniform([2, 3])], exact, { attributes: { noop_with_empty_axes: 1 } }),
  single('ReduceSum', 'int64', [integers([3, 4], -9, 9), constant(longs(0))], exact),
  ...['ArgMax', 'ArgMin'].flatMap((op) => [
    single(op, 'default axis', [uniform([5, 7])], exact),
    ...[0, 1, 2, 3].map((axis) => single(op, `axis ${axis}`, [uniform([2, 3, 5, 7])], exact, { attributes: { axis } })),
    single(op, 'last axis, dropped', [uniform([7, 3, 11])], exact, { attributes: { axis: -1, keepdims: 0 } }),
    single(op, 'the first of equals', [floats([2, 4], [1, 3, 3, 1, 2, 2, 2, 2])], exact, { attributes: { axis: 1 } }),
    single(op, 'the last of equals', [floats([2, 4], [1, 3, 3, 1, 2, 2, 2, 2])], exact, {
      attributes: { axis: 1, select_last_index: 1 },
    }),
  ]),
]
