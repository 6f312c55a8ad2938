import { broadcastShapes, compatible, divideDims, multiplyDims, normalizeAxis, productOf } from './dims.js'
import { failure } from './testing/apply.js'

test('products of sizes and of one symbol', () => {
  expect(multiplyDims(3, 4)).toBe(12)
  expect(multiplyDims('batch', 12)).toBe('12*batch')
  expect(multiplyDims(2, '12*batch')).toBe('24*batch')
  expect(multiplyDims('batch', 1)).toBe('batch')
  expect(multiplyDims('batch', 0)).toBe(0)
  expect(multiplyDims('a', 'b')).toBeUndefined()
  expect(productOf([2, 'batch', 3])).toBe('6*batch')
  expect(productOf(['a', 'b', 3])).toBeUndefined()
})

test('quotients are known where they are whole', () => {
  expect(divideDims(7, 2)).toBe(3)
  expect(divideDims('12*batch', 3)).toBe('4*batch')
  expect(divideDims('12*batch', '4*batch')).toBe(3)
  expect(divideDims('12*batch', 'batch')).toBe(12)
  expect(divideDims('batch', 'batch')).toBe(1)
  expect(divideDims('batch', 2)).toBeUndefined()
  expect(divideDims('12*a', 'b')).toBeUndefined()
  expect(divideDims(12, 'b')).toBeUndefined()
  expect(divideDims(12, 0)).toBeUndefined()
})

test('broadcasting: a size stands before a symbol, a symbol before 1', () => {
  expect(broadcastShapes([['n', 1], [5]], 'x')).toEqual(['n', 5])
  expect(broadcastShapes([['n'], [7]], 'x')).toEqual([7])
  expect(broadcastShapes([[], [1, 1]], 'x')).toEqual([1, 1])
  expect(failure(() => broadcastShapes([[2], [3]], 'node n'))).toMatch(/^SHAPE_MISMATCH: node n/)
})

test('axes', () => {
  expect(normalizeAxis(-1, 3, 'x')).toBe(2)
  expect(normalizeAxis(0, 0, 'x')).toBe(0)
  expect(failure(() => normalizeAxis(3, 3, 'x'))).toMatch(/^SHAPE_MISMATCH/)
  expect(failure(() => normalizeAxis(0.5, 3, 'x'))).toMatch(/^SHAPE_MISMATCH/)
  expect([compatible(2, 2), compatible(2, 3), compatible('n', 3)]).toEqual([true, false, true])
})
