import { single, tolerances, type OperatorCase } from './case.js'
import { floats, integers, uniform } from './random.js'

const { transcendental } = tolerances

export const softmaxCases: readonly OperatorCase[] = ['Softmax', 'LogSoftmax'].flatMap((op) => [
  single(op, 'last axis', [uniform([7, 3, 11], -5, 5)], transcendental),
  single(op, 'axis 1', [uniform([2, 5, 3, 4], -5, 5)], transcendental, { attributes: { axis: 1 } }),
  single(op, 'axis 0', [uniform([5, 3], -5, 5)], transcendental, { attributes: { axis: 0 } }),
  ...[-4, -3, -2, -1, 0, 1, 2, 3].map((axis) =>
    single(op, `axis ${axis} of four`, [uniform([2, 3, 5, 7], -5, 5)], transcendental, { attributes: { axis } }),
  ),
  single(op, 'one vector', [uniform([17], -5, 5)], transcendental, { attributes: { axis: 0 } }),
  single(op, 'an axis of one', [uniform([3, 1, 5], -5, 5)], transcendental, { attributes: { axis: 1 } }),
  ...[1, 3, 7, 28, 40, 41, 197].map((length) =>
    single(op, `rows of ${length}`, [uniform([2, 3, length], -5, 5)], transcendental),
  ),
  single(op, 'equal logits', [floats([2, 5], new Array<number>(10).fill(-3))], transcendental),
  single(op, 'large logits', [uniform([2, 6], -200, 200)], transcendental, { attributes: { axis: -1 } }),
  single(op, 'logits of thousands', [integers([3, 41], 9990, 10000, 'float32')], transcendental),
  single(op, 'logits of minus thousands', [integers([3, 41], -10000, -9990, 'float32')], transcendental),
])
