import { int64 } from '@tacojs/graph'
import { constant, single, tolerances, type Constant, type OperatorCase } from './case.js'
import { floats, longs, uniform } from './random.js'

const { exact, arithmetic } = tolerances

const places = (shape: readonly number[], ...values: number[]): Constant => constant(() => int64(shape, values))

/** Elements picked, written and ordered by indices: in detection heads and in what exporters write for assignments. */
export const indexingCases: readonly OperatorCase[] = [
  single('TopK', 'last axis', [uniform([5, 17]), constant(longs(3))], exact, { outputs: 2 }),
  single('TopK', 'smallest along axis 1', [uniform([2, 7, 3]), constant(longs(4))], exact, {
    outputs: 2,
    attributes: { axis: 1, largest: 0 },
  }),
  single('TopK', 'the first of equals', [floats([2, 4], [1, 3, 3, 1, 2, 2, 2, 2]), constant(longs(3))], exact, {
    outputs: 2,
  }),
  single('GatherElements', 'axis 1', [uniform([3, 5]), places([2, 3], 0, -1, 4, 2, 2, 1)], exact, {
    attributes: { axis: 1 },
  }),
  single('GatherElements', 'axis 0', [uniform([3, 2, 2]), places([1, 2, 2], 2, 0, 1, -3)], exact),
  single('GatherND', 'elements and rows', [uniform([3, 4, 2]), places([2, 2], 0, 3, -1, 1)], exact),
  single('GatherND', 'batch_dims', [uniform([2, 3, 4]), places([2, 1], 2, 0)], exact, {
    attributes: { batch_dims: 1 },
  }),
  single('ScatterElements', 'axis 1', [uniform([3, 5]), places([2, 2], 0, -1, 3, 1), uniform([2, 2])], exact, {
    attributes: { axis: 1 },
  }),
  single('ScatterElements', 'added', [uniform([3, 2]), places([2, 2], 0, 2, 0, -1), uniform([2, 2])], arithmetic, {
    attributes: { reduction: 'add' },
  }),
  single('ScatterND', 'rows', [uniform([4, 3, 2]), places([2, 1], 3, 1), uniform([2, 3, 2])], exact),
  single(
    'ScatterND',
    'maximum of elements',
    [uniform([4, 3]), places([3, 2], 0, 1, 3, -1, 0, 1), uniform([3])],
    exact,
    {
      attributes: { reduction: 'max' },
    },
  ),
]
