import type { Dim } from '../graph.js'
import { float32, int64, toNumbers } from '../tensor.js'
import { failure, numbersOf, shapeOf, shapesOf, valuesOf } from '../testing/apply.js'

const ints = (...values: number[]) => int64([values.length], values)
const END = 2 ** 63

test('Concat', () => {
  expect(
    shapeOf(
      'Concat',
      [
        ['batch', 1, 192],
        ['batch', 196, 192],
      ],
      { attributes: { axis: 1 } },
    ),
  ).toEqual(['batch', 197, 192])
  expect(
    shapeOf(
      'Concat',
      [
        [2, 3],
        [2, 4],
      ],
      { attributes: { axis: -1 } },
    ),
  ).toEqual([2, 7])
  expect(
    shapeOf(
      'Concat',
      [
        ['n', 3],
        [2, 4],
      ],
      { attributes: { axis: 1 } },
    ),
  ).toEqual([2, 7])
  expect(
    failure(() =>
      shapeOf(
        'Concat',
        [
          [2, 3],
          [3, 3],
        ],
        { attributes: { axis: 1 } },
      ),
    ),
  ).toMatch(/^SHAPE_MISMATCH/)
  expect(failure(() => shapeOf('Concat', [[2, 3], [2]], { attributes: { axis: 0 } }))).toMatch(/^SHAPE_MISMATCH/)
  const parts = [float32([2, 1], [1, 2]), float32([2, 2], [3, 4, 5, 6])]
  expect(numbersOf('Concat', parts, { attributes: { axis: 1 } })).toEqual([1, 3, 4, 2, 5, 6])
})

test('Split into equal parts, with a smaller last one, or as told', () => {
  const split = (shape: Dim[], sizes: number[] | undefined, outputs: number, axis = 0): (readonly Dim[])[] =>
    shapesOf('Split', sizes ? [shape, ints(...sizes)] : [shape], { outputs, attributes: { axis } })
  expect(split([6, 2], undefined, 3)).toEqual([
    [2, 2],
    [2, 2],
    [2, 2],
  ])
  expect(split([7], undefined, 3)).toEqual([[3], [3], [1]])
  expect(split(['batch', 576], [192, 192, 192], 3, -1)).toEqual(Array(3).fill(['batch', 192]))
  expect(split(['3*batch', 2], undefined, 3)).toEqual(Array(3).fill(['batch', 2]))
  expect(failure(() => split([6], [2, 3], 2))).toMatch(/^SHAPE_MISMATCH/)
  expect(failure(() => split([4], [5, -1], 2))).toMatch(/^SHAPE_MISMATCH/)
  const parts = valuesOf('Split', [float32([2, 3], [1, 2, 3, 4, 5, 6]), ints(1, 2)], {
    outputs: 2,
    attributes: { axis: 1 },
  })
  expect(parts.map(toNumbers)).toEqual([
    [1, 4],
    [2, 3, 5, 6],
  ])
})

test('Split by sizes that are not known leaves them open', () => {
  const [first] = shapesOf('Split', [[6, 2], [2]], { outputs: 2, dtype: 'int64' })
  expect(typeof first![0]).toBe('string')
  expect(first![1]).toBe(2)
})

const slices: [Dim[], number[], number[], number[] | undefined, number[] | undefined, Dim[]][] = [
  [[10, 5], [0, 1], [3, 4], undefined, undefined, [3, 3]],
  [[10, 5], [1], [END], [1], undefined, [10, 4]],
  [[10], [-3], [END], [0], [1], [3]],
  [[10], [0], [-1], [0], [2], [5]],
  [[10], [-1], [-END], [0], [-1], [10]],
  [[10], [8], [2], [0], [-3], [2]],
  [[10], [5], [5], [0], undefined, [0]],
  [[10], [20], [30], [0], undefined, [0]],
  [['batch', 197], [0], [1], [-1], undefined, ['batch', 1]],
  [['batch', 4], [0], [END], [0], undefined, ['batch', 4]],
]
test.each(slices)('Slice of %j from %j to %j, axes %j, steps %j', (shape, starts, ends, axes, steps, result) => {
  const operands = [shape, ints(...starts), ints(...ends), axes && ints(...axes), steps && ints(...steps)]
  expect(shapeOf('Slice', operands)).toEqual(result)
})

test('Slice of constants, and what it refuses', () => {
  const x = float32([2, 4], [1, 2, 3, 4, 5, 6, 7, 8])
  expect(numbersOf('Slice', [x, ints(3), ints(-END), ints(1), ints(-2)])).toEqual([4, 2, 8, 6])
  expect(failure(() => shapeOf('Slice', [[4], ints(0), ints(2), ints(0), ints(0)]))).toMatch(/a step is zero/)
  expect(failure(() => shapeOf('Slice', [[4], ints(0), ints(2, 3)]))).toMatch(/^INVALID_MODEL/)
  expect(failure(() => shapeOf('Slice', [[4], ints(0), ints(2), ints(1)]))).toMatch(/^SHAPE_MISMATCH/)
})

test('Gather inserts the shape of the indices', () => {
  expect(shapeOf('Gather', [['batch', 197, 192], int64([], [0])], { attributes: { axis: 1 } })).toEqual(['batch', 192])
  expect(shapeOf('Gather', [[5, 4], int64([2, 3], [0, 1, 2, 3, 4, 0])])).toEqual([2, 3, 4])
  const table = float32([3, 2], [1, 2, 3, 4, 5, 6])
  expect(numbersOf('Gather', [table, ints(2, -3)])).toEqual([5, 6, 1, 2])
  expect(numbersOf('Gather', [table, ints(-1)], { attributes: { axis: 1 } })).toEqual([2, 4, 6])
  expect(failure(() => numbersOf('Gather', [table, ints(3)]))).toMatch(/index 3 is outside of 3/)
})

test('Pad adds and, with negative pads, cuts', () => {
  expect(shapeOf('Pad', [['batch', 3, 4], ints(0, 1, 2, 0, 1, 0)])).toEqual(['batch', 5, 6])
  expect(shapeOf('Pad', [[3, 4], ints(-1, 2), undefined, ints(-1)])).toEqual([3, 5])
  expect(failure(() => shapeOf('Pad', [[3], ints(-2, -2)]))).toMatch(/^SHAPE_MISMATCH/)
  expect(failure(() => shapeOf('Pad', [[3], ints(1)]))).toMatch(/^SHAPE_MISMATCH/)
  expect(failure(() => shapeOf('Pad', [[3], ints(1, 1)], { attributes: { mode: 'wrap' } }))).toMatch(/^UNSUPPORTED/)
})

test('Tile', () => {
  expect(shapeOf('Tile', [['batch', 3], ints(1, 2)])).toEqual(['batch', 6])
  expect(shapeOf('Tile', [['batch', 3], ints(4, 1)])).toEqual(['4*batch', 3])
  expect(numbersOf('Tile', [float32([1, 2], [1, 2]), ints(2, 2)])).toEqual([1, 2, 1, 2, 1, 2, 1, 2])
  expect(failure(() => shapeOf('Tile', [[3], ints(1, 2)]))).toMatch(/^SHAPE_MISMATCH/)
})
