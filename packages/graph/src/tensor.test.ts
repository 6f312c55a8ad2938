import { bytesPerElement, float32, fromNumbers, int64, sizeOf, tensor, toNumbers, zeros } from './index.js'
import { failure } from './testing/apply.js'

test('data and shape have to agree', () => {
  expect(tensor('int8', [2, 2], Int8Array.of(1, 2, 3, 4)).shape).toEqual([2, 2])
  expect(failure(() => float32([2, 2], [1, 2, 3]))).toBe(
    'SHAPE_MISMATCH: a tensor of shape [2, 2] needs 4 elements, got 3',
  )
})

test('a scalar has one element, a shape with a zero none', () => {
  expect(sizeOf([])).toBe(1)
  expect(sizeOf([3, 0])).toBe(0)
  expect(zeros('float64', []).data).toEqual(Float64Array.of(0))
  expect(bytesPerElement('int64')).toBe(8)
})

test('numbers there and back for every kind of type', () => {
  for (const dtype of ['float32', 'float64', 'int8', 'int32', 'int64', 'uint64', 'bool'] as const) {
    expect(toNumbers(fromNumbers(dtype, [2], [1, 0]))).toEqual([1, 0])
  }
  expect(toNumbers(fromNumbers('int32', [2], [1.9, -1.9]))).toEqual([1, -1])
})

test('int64 is held to its range: "to the end" survives', () => {
  expect(int64([1], [2 ** 63]).data[0]).toBe(2n ** 63n - 1n)
  expect(int64([1], [-Infinity]).data[0]).toBe(-(2n ** 63n))
  expect(fromNumbers('uint64', [2], [-1, 2 ** 65]).data).toEqual(BigUint64Array.of(0n, 2n ** 64n - 1n))
})
