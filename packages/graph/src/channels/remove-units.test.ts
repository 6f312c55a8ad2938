import { createGraph, node } from '../build.js'
import type { Graph } from '../graph.js'
import { inferTypes } from '../infer.js'
import { failure } from '../testing/apply.js'
import { float32 } from '../tensor.js'
import { channelGroups } from './channel-groups.js'
import { removeUnits } from './remove-units.js'

const count = (rows: number, cols: number): Float32Array => Float32Array.from({ length: rows * cols }, (_, i) => i + 1)

const linear = (x: string, name: string, y: string) =>
  node('Linear', [x, `${name}.weight`, `${name}.bias`], [y], { domain: 'ai.tacojs' })

/** x → fc1 → Relu → fc2, a skip around them, head. */
const graph: Graph = createGraph({
  inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 2] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 1] }],
  nodes: [
    linear('x', 'fc1', 'a'),
    node('Relu', ['a'], ['b']),
    linear('b', 'fc2', 'c'),
    node('Add', ['x', 'c'], ['d']),
    linear('d', 'head', 'y'),
  ],
  initializers: {
    'fc1.weight': { tensor: float32([3, 2], [1, 0, 0, 4, 5, 0]), sparsity: { pattern: '1:2', nonzeros: 3 } },
    'fc1.bias': float32([3], count(3, 1)),
    'fc2.weight': { tensor: float32([2, 3], [1, 0, 3, 0, 5, 6]), sparsity: { pattern: '2:3', nonzeros: 4 } },
    'fc2.bias': float32([2], count(2, 1)),
    'head.weight': float32([1, 2], count(1, 2)),
    'head.bias': float32([1], count(1, 1)),
  },
})
const group = channelGroups(graph)[0]!

test('a group says what each unit takes of which constant', () => {
  expect(channelGroups(graph).map((g) => [g.producers, g.consumer.name, g.exact])).toEqual([[['a'], 'fc2', true]])
  expect(group.units.map((unit) => unit.columns)).toEqual([[0], [1], [2]])
  expect(new Set(group.units[1]!.cuts)).toEqual(
    new Set([
      { node: 'c', input: 1, axis: 1, indices: [1] },
      { node: 'a', input: 1, axis: 0, indices: [1] },
      { node: 'a', input: 2, axis: 0, indices: [1] },
    ]),
  )
})

test('rows and columns go; notes of sparsity are counted again, and say what still holds', () => {
  const smaller = removeUnits(graph, group, [1])
  expect(inferTypes(smaller).get('b')!.shape).toEqual(['batch', 2])
  const weights = (name: string) => smaller.initializers.get(name)
  expect(weights('fc1.weight')).toEqual({
    tensor: float32([2, 2], [1, 0, 5, 0]),
    sparsity: { pattern: '1:2', nonzeros: 2 },
  })
  expect(weights('fc1.bias')).toEqual({ tensor: float32([2], [1, 3]) })
  expect(weights('fc2.weight')).toEqual({
    tensor: float32([2, 2], [1, 3, 0, 6]),
    sparsity: { pattern: 'unstructured', nonzeros: 3 },
  })
  expect(weights('head.weight')).toBe(graph.initializers.get('head.weight'))
})

test('a note of blocks of several rows holds no longer where one of these goes', () => {
  const noted = (pattern: string): Graph => {
    const { tensor } = graph.initializers.get('fc1.weight')!
    return {
      ...graph,
      initializers: new Map(graph.initializers).set('fc1.weight', { tensor, sparsity: { pattern, nonzeros: 3 } }),
    }
  }
  const after = (pattern: string) =>
    removeUnits(noted(pattern), group, [0]).initializers.get('fc1.weight')!.sparsity!.pattern
  expect(['1x2', '2x1', '1:2', '12x4', 'unstructured'].map(after)).toEqual([
    '1x2',
    'unstructured',
    '1:2',
    'unstructured',
    'unstructured',
  ])
})

test('no unit changes nothing', () => {
  expect(removeUnits(graph, group, [])).toBe(graph)
})

test.each([
  [[0, 1, 2], "INVALID_ARGUMENT: all units before 'fc2' would go; keep at least one"],
  [[3], "INVALID_ARGUMENT: 'fc2' has units 0 to 2; give each once, not 3"],
  [[0, 0], "INVALID_ARGUMENT: 'fc2' has units 0 to 2; give each once, not 0"],
])('units %j', (units, message) => {
  expect(failure(() => removeUnits(graph, group, units))).toBe(message)
})

test('a group of another graph', () => {
  const once = removeUnits(graph, group, [0])
  expect(failure(() => removeUnits(once, group, [1]))).toMatch(/INVALID_ARGUMENT: the units before 'fc2' are not those/)
})
