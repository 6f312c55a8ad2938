import { createGraph, float32, node } from '@tacojs/graph'
import { createRandom } from './random.js'
import { pruneByMagnitude, pruneMatrix } from './prune.js'
import { parseSparsity, showSparsity } from './sparsity.js'

test('the smallest magnitudes go, of equal ones the first', () => {
  const weights = Float32Array.of(3, -1, 0.5, -4, 1, 2)
  expect([...pruneMatrix(weights, 2, 3, { share: 0.5, rows: 1 })]).toEqual([3, 0, 0, -4, 0, 2])
  expect([...pruneMatrix(Float32Array.of(1, 1, -1, 1), 1, 4, { share: 0.5, rows: 1 })]).toEqual([0, 0, -1, 1])
  expect([...pruneMatrix(weights, 2, 3, { share: 0, rows: 1 })]).toEqual([...weights])
})

test('blocks of consecutive rows go together, a smaller one at the end', () => {
  // sums of magnitudes of the pairs of rows: 5, 3; of the last row: 2, 6
  const weights = Float32Array.of(1, 2, 4, -1, 2, 6)
  expect([...pruneMatrix(weights, 3, 2, { share: 0.5, rows: 2 })]).toEqual([1, 0, 4, 0, 0, 6])
})

test('what sorting keeps, for random weights', () => {
  const random = createRandom(7)
  const weights = Float32Array.from({ length: 600 }, random)
  const sorted = [...weights].map(Math.abs).sort((a, b) => a - b)
  const kept = [...weights].map((v) => (Math.abs(v) < sorted[540]! ? 0 : v))
  expect([...pruneMatrix(weights, 20, 30, { share: 0.9, rows: 1 })]).toEqual(kept)
})

test('only prunable layers are pruned, and say so', () => {
  const linear = (x: string, w: string, y: string) => node('Linear', [x, w], [y], { domain: 'ai.tacojs' })
  const identity = float32([2, 2], [1, 0.5, 0.25, 1])
  const graph = createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 2] }],
    outputs: [{ name: 'z', dtype: 'float32', shape: ['batch', 2] }],
    nodes: [linear('x', 'first', 'a'), linear('a', 'middle', 'y'), linear('y', 'last', 'z')],
    initializers: { first: identity, middle: identity, last: identity },
  })
  const pruned = pruneByMagnitude(graph, parseSparsity('2x1@0.5'))
  expect(pruned.initializers.get('first')).toEqual({ tensor: identity })
  expect(pruned.initializers.get('last')).toEqual({ tensor: identity })
  const expected = { tensor: float32([2, 2], [0, 0.5, 0, 1]), sparsity: { pattern: '2x1', nonzeros: 2 } }
  expect(pruned.initializers.get('middle')).toEqual(expected)
})

test('sparsities as text', () => {
  expect(parseSparsity('0.95')).toEqual({ share: 0.95, rows: 1 })
  expect(parseSparsity('4x1@.9')).toEqual({ share: 0.9, rows: 4 })
  expect(['0', '0.8', '0.975', '4x1@0.9'].map((text) => showSparsity(parseSparsity(text)))).toEqual([
    ...['dense', '80 %', '97.5 %', '90 % 4x1'],
  ])
  for (const text of ['1', '90', '-0.5', '4x1', '0x1@0.9', '']) {
    expect(() => parseSparsity(text)).toThrow(`sparsity '${text}': use a share such as 0 or 0.9`)
  }
})
