import { parseRecipe } from './recipe.js'
import { viewsOf } from './views.js'

const recipe = (fields: object) => parseRecipe({ model: 'm', data: 'd', ...fields })

test('few images are seen more often, many once; what is given is taken', () => {
  expect([1, 40, 41, 100, 160, 319, 320, 5000].map((images) => viewsOf(recipe({}), images))).toEqual([
    8, 8, 8, 4, 2, 2, 1, 1,
  ])
  expect(viewsOf(recipe({ augment: 'none' }), 40)).toBe(1)
  expect(viewsOf(recipe({ augment: 'flip' }), 40)).toBe(2)
  expect(viewsOf(recipe({ views: 3 }), 5000)).toBe(3)
})

test.each([
  ['none', 2, /'none' an image has one view/],
  ['flip', 3, /'flip' an image has 2 views/],
])('augment %s has no %d views', (augment, views, message) => {
  expect(() => recipe({ augment, views })).toThrow(message)
})
