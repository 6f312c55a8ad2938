import { createGraph, float32, int64, node } from '@tacojs/graph'
import { frontierBytes } from './frontier.js'
import { parseRecipe } from './recipe.js'
import { viewsOf } from './views.js'

const recipe = (fields: object) => parseRecipe({ model: 'm', data: 'd', ...fields })
const small = { frontier: 1e5 }

test('few images are seen more often, many once; what is given is taken', () => {
  const auto = [1, 40, 41, 100, 160, 319, 320, 5000].map((images) => viewsOf(recipe({}), { ...small, images }))
  expect(auto).toEqual([8, 8, 8, 4, 2, 2, 1, 1])
  expect(viewsOf(recipe({ augment: 'none' }), { ...small, images: 40 })).toBe(1)
  expect(viewsOf(recipe({ augment: 'flip' }), { ...small, images: 40 })).toBe(2)
  expect(viewsOf(recipe({ views: 3 }), { frontier: 1e12, images: 5000 })).toBe(3)
})

test('no more views than 1 GiB holds both streams of, but one', () => {
  expect(viewsOf(recipe({}), { frontier: 2 ** 22, images: 20 })).toBe(6)
  expect(viewsOf(recipe({}), { frontier: 2 ** 22, images: 64 })).toBe(2)
  expect(viewsOf(recipe({}), { frontier: 2 ** 30, images: 64 })).toBe(1)
})

test.each([
  ['none', 2, /'none' an image has one view/],
  ['flip', 3, /'flip' an image has 2 views/],
])('augment %s has no %d views', (augment, views, message) => {
  expect(() => recipe({ augment, views })).toThrow(message)
})

test('between two steps the input of a layer stands there, and what goes round it', () => {
  const convolution = (x: string, y: string, weight: string) => node('Conv', [x, weight], [y], { name: y })
  const graph = createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 3, 4, 5] }],
    outputs: [{ name: 'z', dtype: 'float32', shape: ['batch', 7, 4, 5] }],
    nodes: [convolution('x', 'a', 'w1'), convolution('a', 'b', 'w2'), node('Add', ['a', 'b'], ['z'])],
    initializers: { w1: float32([7, 3, 1, 1], new Float32Array(21)), w2: float32([7, 7, 1, 1], new Float32Array(49)) },
  })
  // before the second convolution: a alone, which it reads and goes round it
  expect(frontierBytes(graph, [3, 4, 5])).toBe(7 * 20 * 4)
  const sizes = ['height', 'width']
  const open = {
    ...graph,
    inputs: [{ ...graph.inputs[0]!, shape: ['batch', 3, ...sizes] }],
    outputs: [{ ...graph.outputs[0]!, shape: ['batch', 7, ...sizes] }],
  }
  expect(frontierBytes(open, [3, 8, 5])).toBe(7 * 40 * 4)
})

test('windows of an image count as often as there are', () => {
  const graph = createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 16, 8] }],
    outputs: [{ name: 'z', dtype: 'float32', shape: ['16*batch', 8] }],
    nodes: [
      node('Reshape', ['x', 'rows'], ['w'], { attributes: { allowzero: 0 } }),
      ...['a', 'b'].map((y, i) =>
        node('Linear', [i ? 'a' : 'w', `${y}.weight`], [y], { domain: 'ai.tacojs', name: y }),
      ),
      node('Add', ['a', 'b'], ['z']),
    ],
    initializers: {
      rows: int64([2], [-1, 8]),
      'a.weight': float32([8, 8], new Float32Array(64)),
      'b.weight': float32([8, 8], new Float32Array(64)),
    },
  })
  expect(frontierBytes(graph, [16, 8])).toBe(16 * 8 * 4)
})
