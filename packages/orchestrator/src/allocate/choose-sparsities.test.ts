import { expandFused, float32, withInitializers } from '@tacojs/graph'
import { encodeWeights } from '@tacojs/model-io'
import { budgetOf } from '@tacojs/solver'
import { planLayers } from '../prune/plan.js'
import { parseRecipe } from '../recipe.js'
import { sparsitiesAt, sparsitiesForBytes } from './choose-sparsities.js'
import { macCost, parameterCost } from './costs.js'
import { measuredSparsities } from './measured-sparsities.js'
import { residualNetwork } from './testing/network.js'

const graph = residualNetwork(64)
const recipe = parseRecipe({ model: '-', data: '-' })
const losses = planLayers(graph, recipe)
  .groups.flatMap((group) => group.members)
  .map((planned, i) => ({
    planned,
    losses: [0, ...measuredSparsities].map((sparsity) => ({ sparsity, loss: 10 ** -i * sparsity ** 4 })),
  }))

/** Bytes of the real encoder with that share of zeros, the smallest weights. */
function encoded(sparsities: ReadonlyMap<string, number>): number {
  const weights = new Map(
    losses.map(({ planned: { layer } }) => {
      const { shape, data } = graph.initializers.get(layer.weight)!.tensor
      const share = sparsities.get(layer.name)!
      const sorted = Float32Array.from(data as Float32Array, Math.abs).sort()
      const least = sorted[Math.floor(share * sorted.length)]!
      const values = Float32Array.from(data as Float32Array, (v) => (Math.abs(v) < least ? 0 : v))
      return [layer.weight, { tensor: float32(shape, values), sparsity: { pattern: 'unstructured', nonzeros: 1 } }]
    }),
  )
  return encodeWeights(expandFused(withInitializers(graph, weights)).initializers).byteLength
}

test.each(['uniform', 'progression', 'marginal', 'dp'] as const)(
  '%s: as large as may be, and never larger, by the real encoder',
  async (method) => {
    for (const maxBytes of [130000, 60000, 30000, 15000]) {
      const found = await sparsitiesForBytes(graph, { free: losses, fixed: [] }, method, parameterCost, maxBytes)
      expect(encoded(found)).toBeLessThanOrEqual(maxBytes)
      expect(encoded(found)).toBeGreaterThan(0.93 * maxBytes - 512)
    }
  },
)

test('of blocks only whole ones go, and those at the edges are smaller', async () => {
  for (const pattern of ['16x16', '48x80']) {
    const coarse = parseRecipe({ model: '-', data: '-', pattern })
    const free = planLayers(graph, coarse)
      .groups.flatMap((group) => group.members)
      .map((planned) => ({ planned, losses: [0, 1].map((sparsity) => ({ sparsity, loss: 0 })) }))
    const found = await sparsitiesForBytes(graph, { free, fixed: [] }, 'progression', parameterCost, 60000)
    // the largest blocks of each layer stay
    const weights = free.map(({ planned: { layer, settings } }) => {
      const { shape } = graph.initializers.get(layer.weight)!.tensor
      const [height, width] = pattern.split('x').map(Number) as [number, number]
      const across = Math.ceil(layer.cols / width)
      const kept = budgetOf(layer.rows, layer.cols, settings.pattern, found.get(layer.name)).blocks!
      const values = Float32Array.from({ length: layer.rows * layer.cols }, (_, i) => {
        const [row, col] = [Math.floor(i / layer.cols), i % layer.cols]
        return Math.floor(row / height) * across + Math.floor(col / width) < kept ? Math.sin(i + 1) : 0
      })
      return [layer.weight, { tensor: float32(shape, values), sparsity: { pattern, nonzeros: 1 } }] as const
    })
    const bytes = encodeWeights(expandFused(withInitializers(graph, new Map(weights))).initializers).byteLength
    expect(bytes).toBeLessThanOrEqual(60000)
    expect(bytes).toBeGreaterThan(20000)
  }
})

test('dense where that is small enough; a size that cannot be had names the least', async () => {
  const all = await sparsitiesForBytes(graph, { free: losses, fixed: [] }, 'uniform', parameterCost, 1e6)
  expect([...all.values()]).toEqual([0, 0])
  await expect(
    sparsitiesForBytes(graph, { free: losses, fixed: [] }, 'uniform', parameterCost, 1000),
  ).rejects.toMatchObject({
    code: 'OUT_OF_REACH',
    message: expect.stringMatching(
      /1000 bytes cannot be met: with 99 % zeros the compact weights are estimated at up to \d+;/,
    ),
  })
})

test('the budget of a sparsity is counted in the given cost', () => {
  const cost = macCost(graph)
  const found = sparsitiesAt(losses, cost, 'marginal', 0.8)
  const sum = (at: (name: string) => number): number =>
    losses.reduce((total, { planned: { layer } }) => total + cost(layer, at(layer.name)), 0)
  expect(sum((name) => found.get(name)!) / sum(() => 0.8)).toBeCloseTo(1, 9)
})
