import { float32, fromNumbers, int64, toNumbers, type Tensor } from '../tensor.js'
import { failure, numbersOf, shapeOf, valuesOf } from '../testing/apply.js'

const f = (...values: number[]): Tensor => float32([values.length], values)
const i = (...values: number[]): Tensor => int64([values.length], values)
const b = (...values: number[]): Tensor => fromNumbers('bool', [values.length], values)

test.each([
  'Abs Neg Sqrt Exp Log Erf Tanh Sigmoid Relu LeakyRelu Elu Selu HardSigmoid HardSwish Softplus Softsign Mish',
  'Reciprocal Floor Ceil Round Sign Sin Cos Identity Clip',
])('%s keep the shape', (names) => {
  for (const op of names.split(' ')) expect(shapeOf(op, [['batch', 3, 4]])).toEqual(['batch', 3, 4])
})

test.each([
  [[2, 3, 4, 5], [5], [2, 3, 4, 5]],
  [
    [4, 5],
    [2, 3, 4, 5],
    [2, 3, 4, 5],
  ],
  [
    [1, 4, 5],
    [2, 3, 1, 1],
    [2, 3, 4, 5],
  ],
  [
    [3, 4, 5],
    [2, 1, 1, 1],
    [2, 3, 4, 5],
  ],
  [[], [3], [3]],
  [
    ['batch', 1, 4],
    [1, 5, 1],
    ['batch', 5, 4],
  ],
  [
    ['batch', 4],
    ['batch', 4],
    ['batch', 4],
  ],
])('broadcasting of %j and %j gives %j', (left, right, result) => {
  for (const op of ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Mod', 'Greater', 'Equal', 'Max', 'Mean']) {
    expect(shapeOf(op, [left, right])).toEqual(result)
  }
})

test('shapes that do not broadcast are refused, the node is named', () => {
  expect(failure(() => shapeOf('Add', [[2, 3], [4]]))).toMatch(/^SHAPE_MISMATCH: node 'n' \(Add\).*\[2, 3\] and \[4\]/)
})

test('Min and Max take any number of inputs, Where broadcasts all three', () => {
  expect(shapeOf('Max', [[3], [2, 1], [4, 1, 1]])).toEqual([4, 2, 3])
  expect(shapeOf('Where', [[2, 1], [3], []])).toEqual([2, 3])
  expect(numbersOf('Where', [b(1, 0), f(1, 2), f(8, 9)])).toEqual([1, 9])
  expect(numbersOf('Min', [f(1, 5), f(3, 2), f(2, 4)])).toEqual([1, 2])
  expect(numbersOf('Mean', [f(1, 5), f(3, 2)])).toEqual([2, 3.5])
})

test('integer division truncates towards zero, float division does not', () => {
  expect(numbersOf('Div', [i(7, -7, 7), i(2, 2, -2)])).toEqual([3, -3, -3])
  expect(numbersOf('Div', [f(7), f(2)])).toEqual([3.5])
})

test('division of integers by zero gives a number, whatever it is, and no crash', () => {
  expect(valuesOf('Div', [i(1), i(0)])[0]!.dtype).toBe('int64')
})

test('Mod has the sign of the divisor, with fmod that of the dividend', () => {
  expect(numbersOf('Mod', [i(-4, 7, 5), i(3, -3, 8)])).toEqual([2, -2, 5])
  expect(numbersOf('Mod', [f(-4.5, 7), f(3, -3)], { attributes: { fmod: 1 } })).toEqual([-1.5, 1])
})

test('Round is half to even', () => {
  expect(numbersOf('Round', [f(0.5, 1.5, 2.5, -0.5, -1.5, 2.4)])).toEqual([0, 2, 2, -0, -2, 2])
})

test('comparisons and logic give bool', () => {
  expect(valuesOf('Equal', [i(1, 2), i(1)])[0]).toEqual(b(1, 0))
  expect(numbersOf('GreaterOrEqual', [f(1, 2, 3), f(2)])).toEqual([0, 1, 1])
  expect(numbersOf('Less', [f(1, 2, 3), f(2)])).toEqual([1, 0, 0])
  expect(numbersOf('And', [b(1, 1, 0), b(1, 0, 0)])).toEqual([1, 0, 0])
  expect(numbersOf('Xor', [b(1, 1, 0), b(1, 0, 0)])).toEqual([0, 1, 0])
  expect(numbersOf('Not', [b(1, 0)])).toEqual([0, 1])
})

test('Clip takes either bound', () => {
  expect(numbersOf('Clip', [f(-2, 0.5, 9), float32([], [0]), float32([], [6])])).toEqual([0, 0.5, 6])
  expect(numbersOf('Clip', [f(-2, 9), undefined, float32([], [6])])).toEqual([-2, 6])
})

test('Cast truncates, tells truth from zero, and holds what is out of range to the ends', () => {
  expect(numbersOf('Cast', [f(1.9, -1.9)], { attributes: { to: 7 } })).toEqual([1, -1])
  expect(valuesOf('Cast', [f(0, 0.5)], { attributes: { to: 9 } })[0]).toEqual(b(0, 1))
  const ends = valuesOf('Cast', [f(Infinity, -Infinity, NaN)], { attributes: { to: 7 } })[0]!
  expect([...(ends.data as BigInt64Array)]).toEqual([2n ** 63n - 1n, -(2n ** 63n), 0n])
  expect(failure(() => shapeOf('Cast', [[1]], { attributes: { to: 8 } }))).toMatch(/^UNSUPPORTED/)
})

test('float32 results are rounded to float32', () => {
  expect(toNumbers(valuesOf('Sqrt', [f(2)])[0]!)).toEqual([Math.fround(Math.SQRT2)])
})
