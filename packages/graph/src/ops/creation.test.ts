import { float32, fromNumbers, int64 } from '../tensor.js'
import { failure, numbersOf, shapeOf, valuesOf } from '../testing/apply.js'

const ints = (...values: number[]) => int64([values.length], values)
const scalar = (value: number) => int64([], [value])

test('Shape, whole or in part, and Size', () => {
  const x = float32([2, 3, 4], new Float32Array(24))
  expect(shapeOf('Shape', [['batch', 3, 4]])).toEqual([3])
  expect(shapeOf('Shape', [['batch', 3, 4]], { attributes: { start: -2, end: 9 } })).toEqual([2])
  expect(numbersOf('Shape', [x], { attributes: { start: 1 } })).toEqual([3, 4])
  expect(numbersOf('Size', [x])).toEqual([24])
})

test('ConstantOfShape is float32 zero where nothing else is said', () => {
  expect(valuesOf('ConstantOfShape', [ints(2, 1)])[0]).toEqual(float32([2, 1], [0, 0]))
  expect(valuesOf('ConstantOfShape', [ints(2)], { attributes: { value: ints(7) } })[0]).toEqual(ints(7, 7))
  expect(shapeOf('ConstantOfShape', [ints()])).toEqual([])
  expect(failure(() => shapeOf('ConstantOfShape', [ints(2, -3)]))).toMatch(/^SHAPE_MISMATCH/)
})

test('Range', () => {
  expect(numbersOf('Range', [scalar(0), scalar(5), scalar(2)])).toEqual([0, 2, 4])
  expect(numbersOf('Range', [scalar(5), scalar(0), scalar(-2)])).toEqual([5, 3, 1])
  expect(numbersOf('Range', [scalar(5), scalar(0), scalar(1)])).toEqual([])
  const halves = [0, 1, 0.5].map((v) => float32([], [v]))
  expect(numbersOf('Range', halves)).toEqual([0, 0.5])
  expect(shapeOf('Range', halves)).toEqual([2])
  expect(failure(() => shapeOf('Range', [scalar(0), scalar(5), scalar(0)]))).toMatch(/^INVALID_MODEL/)
})

test('Expand broadcasts both ways: a 1 in the shape keeps what is there', () => {
  expect(shapeOf('Expand', [[3, 1], ints(2, 1, 4)])).toEqual([2, 3, 4])
  expect(shapeOf('Expand', [[3, 4], ints(1, 1)])).toEqual([3, 4])
  expect(numbersOf('Expand', [float32([2, 1], [1, 2]), ints(2, 2)])).toEqual([1, 1, 2, 2])
  expect(failure(() => shapeOf('Expand', [[3], ints(4)]))).toMatch(/^SHAPE_MISMATCH/)
})

test('Constant holds a tensor', () => {
  const value = fromNumbers('int32', [2], [1, 2])
  expect(valuesOf('Constant', [], { attributes: { value } })).toEqual([value])
  expect(failure(() => shapeOf('Constant', []))).toMatch(/^INVALID_MODEL/)
})

test('DepthToSpace and SpaceToDepth', () => {
  const block = (blocksize: number) => ({ attributes: { blocksize } })
  expect(shapeOf('DepthToSpace', [['batch', 98, 2, 3]], block(7))).toEqual(['batch', 2, 14, 21])
  expect(shapeOf('SpaceToDepth', [['batch', 2, 49, 7]], block(7))).toEqual(['batch', 98, 7, 1])
  expect(failure(() => shapeOf('SpaceToDepth', [[1, 2, 5, 4]], block(2)))).toMatch(/^SHAPE_MISMATCH/)
  expect(failure(() => shapeOf('DepthToSpace', [[1, 4, 5]], block(2)))).toMatch(/^SHAPE_MISMATCH/)
  expect(failure(() => shapeOf('DepthToSpace', [[1, 4, 5, 5]], block(0)))).toMatch(/^SHAPE_MISMATCH/)
})
