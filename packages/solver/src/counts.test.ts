import { budgetOf, zerosOf } from './counts.js'
import { parsePattern, type Pattern } from './pattern.js'

test.each([
  [30, 0.1, 3],
  [41_996_310, 0.7, 29_397_417],
  [84_773_200, 0.35, 29_670_620],
  [10, 0.99999, 9],
  [1e8, 1, 1e8],
  [1e8, 0, 0],
])('of %i weights at %f, %i go', (count, sparsity, zeros) => {
  expect(zerosOf(count, sparsity)).toBe(zeros)
})

test('whole percents of large layers are what whole numbers give', () => {
  for (let count = 12_345_600; count < 200_000_000; count += 7_654_300) {
    for (let percent = 0; percent <= 100; percent++) {
      expect(zerosOf(count, percent / 100)).toBe((count / 100) * percent)
      // a weight more makes no whole number of most
      expect(zerosOf(count + 1, percent / 100)).toBe(Number((BigInt(count + 1) * BigInt(percent)) / 100n))
    }
  }
})

const free = parsePattern('unstructured')
test.each([
  ['a pattern that is none', undefined, 0.5, undefined, 'INVALID_ARGUMENT', /^pattern undefined/],
  ['the text of a pattern', '2:4', 0.5, undefined, 'INVALID_ARGUMENT', /^pattern "2:4"/],
  ['no sparsity', free, undefined, undefined, 'INVALID_ARGUMENT', /^sparsity undefined/],
  ['a sparsity that is null', free, null, undefined, 'INVALID_ARGUMENT', /^sparsity null/],
  ['fewer flags', free, 0.5, new Uint8Array(5), 'SHAPE_MISMATCH', /^allowed has 5 values, 2×4/],
  ['fractions', free, 0.5, new Float32Array(8).fill(0.5), 'INVALID_ARGUMENT', /^allowed\[0\] is 0.5/],
  ['flags of 2', parsePattern('2:4'), 0.5, new Uint8Array(8).fill(2), 'INVALID_ARGUMENT', /^allowed\[0\] is 2/],
])('budgetOf refuses %s', (_, pattern, sparsity, allowed, code, message) => {
  expect(() => budgetOf(2, 4, pattern as Pattern, sparsity as number, allowed as Uint8Array)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  )
})
