import { createGraph, node, type Graph, type Node } from '@tacojs/graph'
import { createNumerics } from '@tacojs/solver'
import { openBackend } from '../backends.js'
import { parseRecipe, type RecipeInput } from '../recipe.js'
import { conv, randomTensors } from '../testing/layers.js'
import { planLayers } from './plan.js'
import { prune } from './prune.js'

const random = randomTensors(5)

/** A stem, the given nodes from 's' to 'o', of as many channels, and a layer behind them. */
function network(
  nodes: readonly Node[],
  sizes: Readonly<Record<string, readonly [rows: number, size: number]>>,
): Graph {
  const all = { stem: [4, 1], last: [3, 1], ...sizes } as const
  return createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 4, 5, 5] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 3] }],
    nodes: [
      conv('x', 'stem', 'stem', 1),
      node('Relu', ['stem'], ['s']),
      ...nodes,
      conv('o', 'last', 'last', 1),
      node('GlobalAveragePool', ['last'], ['pooled']),
      node('Flatten', ['pooled'], ['y']),
    ],
    initializers: Object.fromEntries(
      Object.entries(all).flatMap(([name, [rows, size]]) => [
        [`${name}.weight`, random([rows, 4, size, size])],
        [`${name}.bias`, random([rows])],
      ]),
    ),
  })
}

const recipe = (fields: Partial<RecipeInput> = {}) =>
  parseRecipe({ model: '-', data: '-', sparsity: 0.5, positionWeights: false, ...fields })
const planned = (graph: Graph, target: RecipeInput['target'] = 'auto') => planLayers(graph, recipe({ target }))
const batches = [random([4, 4, 5, 5]), random([3, 4, 5, 5])]
const pruned = async (graph: Graph, fields: Partial<RecipeInput> = {}) => {
  const { layers } = await prune(graph, batches, {
    ...{ backend: openBackend('tfjs-cpu'), linalg: await createNumerics(), recipe: recipe(fields) },
  })
  return layers.map(({ name }) => name)
}

// branches of different windows, summed, and the stream goes on unchanged: the later one aims at the sum
const branches = network(
  [
    conv('s', 'c3', 'c3', 3),
    conv('s', 'c1', 'c1', 1),
    conv('s', 'c5', 'c5', 5),
    node('Add', ['c3', 'c1'], ['a']),
  ].concat([node('Add', ['a', 'c5'], ['o'])]),
  { c3: [4, 3], c1: [4, 1], c5: [4, 5] },
)

test.each(['auto', 'residual', 'dense', 'sparse'] as const)(
  'layers of one value stand side by side, those that aim at a sum last and behind the others: %s',
  async (target) => {
    const { graph, groups } = planned(branches, target)
    const names = groups.map(({ members: [first] }) => first!.layer.name)
    expect([...names].sort()).toEqual(['c1', 'c3', 'c5'])
    const nodes = graph.nodes.map(({ name }) => name)
    const at = groups.map(({ members: [first] }) => nodes.indexOf(first!.node.name))
    expect(at).toEqual([at[0], at[0]! + 1, at[0]! + 2])
    const kinds = groups.map(({ members: [first] }) => first!.target)
    const sums = kinds.filter((kind) => kind === 'residual').length
    expect(sums > 0).toBe(target === 'auto' || target === 'residual')
    expect(kinds.slice(-sums || kinds.length).every((kind) => sums === 0 || kind === 'residual')).toBe(true)
    groups.forEach(({ before, members: [first] }, g) => {
      expect(before).toBe(kinds[g] === 'residual' ? first!.node.name : groups[0]!.members[0]!.node.name)
    })
    expect(await pruned(branches, { target })).toEqual(names)
  },
)

test('branches of one window are one group, of which none aims at the sum of the others', async () => {
  const twins = network([conv('s', 'k0', 'k0', 3), conv('s', 'k1', 'k1', 3), node('Add', ['k0', 'k1'], ['o'])], {
    k0: [4, 3],
    k1: [4, 3],
  })
  const { groups } = planned(twins)
  expect(groups.map(({ members }) => members.map(({ layer, target }) => [layer.name, target]))).toEqual([
    [
      ['k0', 'dense'],
      ['k1', 'dense'],
    ],
  ])
  expect(await pruned(twins)).toEqual(['k0', 'k1'])
})
