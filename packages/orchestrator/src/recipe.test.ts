import { methods } from '@tacojs/solver'
import { parseRecipe } from './recipe.js'

const least = { model: 'm.onnx', data: 'images' }

test('defaults are filled in', () => {
  expect(parseRecipe(least)).toMatchObject({ shots: 16, seed: 0, sparsity: 0.5, method: 'admm', target: 'auto' })
})

test.each([
  [{ sparsity: 1.2 }, 'sparsity: expected a number from 0 to 1, got 1.2'],
  [{ sparsity: NaN }, 'sparsity: expected a number from 0 to 1, got NaN'],
  [{ shots: 0 }, 'shots: expected a whole number, at least 1, got 0'],
  [{ shots: 1.5 }, 'shots: expected a whole number, at least 1, got 1.5'],
  [{ positions: 0 }, 'positions: expected a number above 0, at most 1, got 0'],
  [{ target: 'none' }, 'target: expected ("auto" | "dense" | "sparse" | "residual"), got "none"'],
  [{ nonsense: 1 }, 'nonsense: a recipe has no such field'],
])('a wrong field is named: %j', (field, message) => {
  expect(() => parseRecipe({ ...least, ...field })).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
  )
})

test('model and data are needed', () => {
  expect(() => parseRecipe({ data: 'x' })).toThrow(/^model: /)
})

test('every method of the solver can be named, others cannot', () => {
  for (const method of Object.keys(methods)) expect(parseRecipe({ ...least, method }).method).toBe(method)
  expect(() => parseRecipe({ ...least, method: 'magic' })).toThrow(/^method: expected .*"fastobc".*, got "magic"$/)
})

test('an n:m pattern decides alone: a sparsity beside it is an error', () => {
  expect(parseRecipe({ ...least, pattern: '2:4' }).sparsity).toBeUndefined()
  expect(parseRecipe({ ...least, pattern: '4x1' }).sparsity).toBe(0.5)
  expect(() => parseRecipe({ ...least, pattern: '2:4', sparsity: 0.5 })).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(/^sparsity: the pattern 2:4/) }),
  )
})

test('a structured recipe has a share of units, and nothing that single weights need', () => {
  expect(parseRecipe({ ...least, pattern: 'structured' }).sparsity).toBe(0.5)
  expect(
    parseRecipe({ ...least, pattern: 'structured', layers: { a: { sparsity: 0.1 }, b: { keep: true } } }),
  ).toBeTruthy()
  const refused = (fields: object, message: RegExp) =>
    expect(() => parseRecipe({ ...least, pattern: 'structured', ...fields })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    )
  refused({ allocation: 'dp' }, /^allocation: not with the pattern structured/)
  refused({ maxBytes: 1000 }, /^maxBytes/)
  refused({ speedUp: 2 }, /^speedUp/)
  refused({ layers: { a: { pattern: '2:4' } } }, /^layers\['a'\]/)
  refused({ layers: { a: { method: 'magnitude' } } }, /^layers\['a'\]/)
  refused({ pattern: '2:4', layers: { a: { pattern: 'structured' } } }, /^layers\['a'\]: .* whole recipe/)
})
