import type { Dim } from '../graph.js'
import { float32, int64 } from '../tensor.js'
import { failure, numbersOf, shapeOf, valuesOf } from '../testing/apply.js'

const ints = (...values: number[]) => int64([values.length], values)

const reshapes: [Dim[], number[], Dim[]][] = [
  [
    [2, 3, 4],
    [4, 6],
    [4, 6],
  ],
  [
    [2, 3, 4],
    [-1, 4],
    [6, 4],
  ],
  [
    [2, 3, 4],
    [0, -1],
    [2, 12],
  ],
  [
    [2, 3, 4],
    [0, 0, 4],
    [2, 3, 4],
  ],
  [
    ['batch', 192, 14, 14],
    [0, 192, -1],
    ['batch', 192, 196],
  ],
  [
    ['batch', 197, 192],
    [-1, 197, 3, 64],
    ['batch', 197, 3, 64],
  ],
  [
    ['batch', 12, 5],
    [-1, 5],
    ['12*batch', 5],
  ],
  [
    ['12*batch', 5],
    [-1, 12, 5],
    ['batch', 12, 5],
  ],
  [
    [0, 3],
    [0, 3],
    [0, 3],
  ],
  [[1], [], []],
]
test.each(reshapes)('Reshape of %j to %j is %j', (from, to, result) => {
  expect(shapeOf('Reshape', [from, ints(...to)])).toEqual(result)
})

test('Reshape with allowzero takes 0 as a size', () => {
  expect(shapeOf('Reshape', [[0, 3], ints(3, 0)], { attributes: { allowzero: 1 } })).toEqual([3, 0])
})

test.each([
  [
    [2, 3],
    [4, 2],
  ],
  [
    [2, 3],
    [-1, 4],
  ],
  [
    [2, 3],
    [-1, -1],
  ],
  [
    [2, 3],
    [-2, 3],
  ],
])('Reshape of %j to %j is refused', (from, to) => {
  expect(failure(() => shapeOf('Reshape', [from, ints(...to)]))).toMatch(/^SHAPE_MISMATCH: node 'n' \(Reshape\)/)
})

test('Flatten, with every axis', () => {
  const x = ['batch', 3, 4]
  expect(shapeOf('Flatten', [x])).toEqual(['batch', 12])
  expect(shapeOf('Flatten', [x], { attributes: { axis: 0 } })).toEqual([1, '12*batch'])
  expect(shapeOf('Flatten', [x], { attributes: { axis: -1 } })).toEqual(['3*batch', 4])
  expect(shapeOf('Flatten', [x], { attributes: { axis: 3 } })).toEqual(['12*batch', 1])
  expect(failure(() => shapeOf('Flatten', [x], { attributes: { axis: 4 } }))).toMatch(/^SHAPE_MISMATCH/)
})

test('Squeeze and Unsqueeze, negative axes', () => {
  expect(shapeOf('Squeeze', [[1, 3, 1], ints(-1)])).toEqual([1, 3])
  expect(shapeOf('Squeeze', [[1, 3, 1]])).toEqual([3])
  expect(shapeOf('Squeeze', [['batch', 3, 1, 1], ints(2, 3)])).toEqual(['batch', 3])
  expect(shapeOf('Unsqueeze', [[3, 4], ints(0, -1)])).toEqual([1, 3, 4, 1])
  expect(shapeOf('Unsqueeze', [[], ints(0)])).toEqual([1])
  expect(failure(() => shapeOf('Squeeze', [[2, 3], ints(0)]))).toMatch(/dimension 0 of \[2, 3\] is not 1/)
})

test('Transpose', () => {
  expect(shapeOf('Transpose', [['batch', 3, 4]])).toEqual([4, 3, 'batch'])
  expect(shapeOf('Transpose', [['batch', 3, 4]], { attributes: { perm: [1, 0, 2] } })).toEqual([3, 'batch', 4])
  expect(failure(() => shapeOf('Transpose', [[2, 3]], { attributes: { perm: [0, 0] } }))).toMatch(/no permutation/)
  expect(numbersOf('Transpose', [float32([2, 3], [1, 2, 3, 4, 5, 6])])).toEqual([1, 4, 2, 5, 3, 6])
})

test('of constants the elements stay in order', () => {
  const x = float32([2, 3], [1, 2, 3, 4, 5, 6])
  expect(valuesOf('Reshape', [x, ints(3, -1)])[0]).toEqual({ ...x, shape: [3, 2] })
  expect(valuesOf('Flatten', [x], { attributes: { axis: 0 } })[0]!.shape).toEqual([1, 6])
  expect(valuesOf('Unsqueeze', [x, ints(1)])[0]!.shape).toEqual([2, 1, 3])
  expect(valuesOf('Squeeze', [float32([1, 2], [1, 2])])[0]!.shape).toEqual([2])
})
