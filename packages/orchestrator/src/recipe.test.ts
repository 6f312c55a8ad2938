import { parseRecipe } from './recipe.js'

const least = { model: 'm.onnx', data: 'images' }

test('defaults are filled in', () => {
  expect(parseRecipe(least)).toMatchObject({ shots: 16, seed: 0, sparsity: 0.5, method: 'fastobc', target: 'dense' })
})

test.each([
  [{ sparsity: 1.2 }, 'sparsity: expected a number from 0 to 1, got 1.2'],
  [{ sparsity: NaN }, 'sparsity: expected a number from 0 to 1, got NaN'],
  [{ shots: 0 }, 'shots: expected a whole number, at least 1, got 0'],
  [{ shots: 1.5 }, 'shots: expected a whole number, at least 1, got 1.5'],
  [{ method: 'magic' }, 'method: expected ("fastobc" | "magnitude"), got "magic"'],
  [{ nonsense: 1 }, 'nonsense: a recipe has no such field'],
])('a wrong field is named: %j', (field, message) => {
  expect(() => parseRecipe({ ...least, ...field })).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
  )
})

test('model and data are needed', () => {
  expect(() => parseRecipe({ data: 'x' })).toThrow(/^model: /)
})
