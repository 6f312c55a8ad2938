import { float32, int64 } from '../tensor.js'
import { failure, numbersOf, shapeOf } from '../testing/apply.js'

const x = ['batch', 3, 4]

test('axes, keepdims, and their absence', () => {
  expect(shapeOf('ReduceMean', [x, int64([1], [-1])])).toEqual(['batch', 3, 1])
  expect(shapeOf('ReduceMean', [x, int64([2], [1, 2])], { attributes: { keepdims: 0 } })).toEqual(['batch'])
  expect(shapeOf('ReduceSum', [x])).toEqual([1, 1, 1])
  expect(shapeOf('ReduceSum', [x], { attributes: { keepdims: 0 } })).toEqual([])
  expect(shapeOf('ReduceSum', [x, int64([0], [])], { attributes: { noop_with_empty_axes: 1 } })).toEqual(x)
  expect(failure(() => shapeOf('ReduceMax', [x, int64([1], [3])]))).toMatch(/axis 3 .* outside of rank 3/)
})

test('axes that are not known leave the sizes open, never the rank wrong', () => {
  expect(shapeOf('ReduceMax', [x, [1]], { dtype: 'int64' })).toHaveLength(3)
  expect(shapeOf('ReduceMax', [x, [1]], { attributes: { keepdims: 0 }, dtype: 'int64' })).toHaveLength(2)
})

test('ArgMax gives int64 positions along one axis', () => {
  expect(shapeOf('ArgMax', [x], { attributes: { axis: -1 } })).toEqual(['batch', 3, 1])
  expect(shapeOf('ArgMin', [x], { attributes: { axis: 1, keepdims: 0 } })).toEqual(['batch', 4])
})

test.each([
  ['ReduceSum', [6, 15]],
  ['ReduceMean', [2, 5]],
  ['ReduceMax', [3, 6]],
  ['ReduceMin', [1, 4]],
  ['ReduceProd', [6, 120]],
  ['ReduceL1', [6, 15]],
  ['ReduceSumSquare', [14, 77]],
  ['ReduceL2', [Math.fround(Math.sqrt(14)), Math.fround(Math.sqrt(77))]],
])('%s of constants', (op, rows) => {
  const value = float32([2, 3], [1, 2, 3, 4, 5, 6])
  expect(numbersOf(op, [value, int64([1], [1])])).toEqual(rows)
})

test('over the first of two axes', () => {
  expect(numbersOf('ReduceSum', [int64([2, 3], [1, 2, 3, 4, 5, 6]), int64([1], [0])])).toEqual([5, 7, 9])
})

test('no axes at all, where that means nothing: the input, but for squares and magnitudes, which are not settled', () => {
  const noop = { attributes: { noop_with_empty_axes: 1 } }
  for (const op of ['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd'])
    expect(numbersOf(op, [float32([2], [-3, 4])], noop)).toEqual([-3, 4])
  for (const op of ['ReduceSumSquare', 'ReduceL1', 'ReduceL2'])
    expect(failure(() => shapeOf(op, [[2]], noop))).toMatch(/^UNSUPPORTED: .*versions of ONNX/)
})
