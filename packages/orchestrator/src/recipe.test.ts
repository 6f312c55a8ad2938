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
  [{ positions: 0 }, "positions: expected a number above 0, at most 1, or 'auto', got 0"],
  [{ target: 'none' }, 'target: expected ("auto" | "dense" | "sparse" | "residual"), got "none"'],
  [{ nonsense: 1 }, 'nonsense: a recipe has no such field'],
  [{ layers: { 'a.*': 0.5 } }, 'layers.a.*: expected a map such as {sparsity: 0.5}, got 0.5'],
  [{ layers: { 'a.sparsity': 7 } }, 'layers.a.sparsity: expected a map such as {sparsity: 0.5}, got 7'],
  [{ layers: { a: { keep: 3 } } }, 'layers.a.keep: expected boolean, got 3'],
  [{ layers: { 'a.*': { sparsity: 2 } } }, 'layers.a.*.sparsity: expected a number from 0 to 1, got 2'],
  [
    { pattern: 'rows' },
    'pattern "rows": use "unstructured", n kept of m such as "2:4", or blocks of outputs×inputs such as "4x1", or structured',
  ],
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
  refused({ layers: { a: { keep: true, sparsity: 0.9 } } }, /^layers\['a'\]: keep .* sparsity is for pruning it/)
  refused({ pattern: '2:4', layers: { a: { pattern: 'structured' } } }, /^layers\['a'\]: .* whole recipe/)
})

test('what would have no say beside another field is refused, and named', () => {
  const refused = (fields: object, message: RegExp) =>
    expect(() => parseRecipe({ ...least, ...fields })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    )
  for (const target of ['maxBytes', 'speedUp', 'maxMs', 'maxDrop']) {
    expect(parseRecipe({ ...least, [target]: 5 }).sparsity).toBeUndefined()
    refused({ [target]: 5, sparsity: 0.5 }, RegExp(`^sparsity: not beside ${target}`))
    refused({ [target]: 5, pattern: '2:4' }, RegExp(`^${target}: the pattern 2:4 decides`))
    const layers = { a: { pattern: '4x1' } }
    expect(parseRecipe({ ...least, [target]: 5, pattern: '2:4', layers })).toMatchObject({ [target]: 5 })
  }
  refused({ maxBytes: 5, speedUp: 5 }, /^speedUp: not beside maxBytes/)
  refused({ maxDrop: 5, maxBytes: 5 }, /^maxDrop: not beside maxBytes/)
  refused({ dev: 'images/dev' }, /^dev: is for maxDrop/)
  refused({ speedUp: 2, budget: 'macs' }, /^budget: not beside speedUp/)
  refused({ pattern: '2:4', allocation: 'dp' }, /^allocation: the pattern 2:4 decides/)
  refused({ pattern: '2:4', budget: 'macs' }, /^budget: the pattern 2:4 decides/)
  refused({ layers: { a: { method: 'admm', keep: true } } }, /^layers\['a'\]: keep .* method is for pruning it/)
  refused({ layers: { a: { pattern: '4:2' } } }, /^layers\['a'\]: pattern "4:2": use/)
  const structured = { pattern: 'structured' }
  refused({ ...structured, method: 'admm' }, /^method: not with the pattern structured/)
  refused({ ...structured, refit: false }, /^refit: not with the pattern structured; group OBS/)
  for (const refit of [true, false]) {
    expect(parseRecipe({ ...least, ...structured, method: 'magnitude', refit })).toMatchObject({ refit })
  }
  refused({ ...structured, warmStart: 'auto' }, /^warmStart: not with the pattern structured/)
  refused({ ...structured, budget: 'macs' }, /^budget: not with the pattern structured/)
  refused({ maxDrop: -1 }, /^maxDrop: expected a number from 0 to 100, got -1/)
})

test('a recipe that was filled in can be given again', () => {
  const recipes = [{}, { pattern: 'structured' }, { pattern: '2:4' }, { maxDrop: 1, dev: 'd' }, { speedUp: 2 }]
  for (const fields of recipes) {
    const recipe = parseRecipe({ ...least, ...fields })
    expect(parseRecipe(recipe)).toEqual(recipe)
    expect(parseRecipe(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe)
  }
})

test('a recipe is the same text, however it was written: its fields in any order, its defaults given or not', () => {
  for (const fields of [{}, { pattern: 'structured' }, { layers: { b: { keep: true }, a: { sparsity: 0.1 } } }]) {
    const recipe = parseRecipe({ ...least, ...fields })
    const backwards = Object.fromEntries(Object.entries(recipe).reverse())
    for (const again of [recipe, backwards]) expect(JSON.stringify(parseRecipe(again))).toBe(JSON.stringify(recipe))
  }
})
