import { constant, single, tolerances, type OperatorCase } from './case.js'
import { floats, integers, longs, uniform } from './random.js'

const { exact, accumulated } = tolerances

const ops = ['Mean', 'Sum', 'Max', 'Min', 'Prod', 'L1', 'L2', 'SumSquare'].map((name) => `Reduce${name}`)

export const reductionCases: readonly OperatorCase[] = [
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
    single(op, 'last axis, dropped', [uniform([7, 3, 11])], exact, { attributes: { axis: -1, keepdims: 0 } }),
    single(op, 'the first of equals', [floats([2, 4], [1, 3, 3, 1, 2, 2, 2, 2])], exact, { attributes: { axis: 1 } }),
    single(op, 'the last of equals', [floats([2, 4], [1, 3, 3, 1, 2, 2, 2, 2])], exact, {
      attributes: { axis: 1, select_last_index: 1 },
    }),
  ]),
]
