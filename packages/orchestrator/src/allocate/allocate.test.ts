import { parseRecipe } from '../recipe.js'
import { planLayers } from '../prune/plan.js'
import { layerSettings } from '../prune/layer-settings.js'
import { parameterCost } from './costs.js'
import { allocate, highestOfLayer, withSparsities, type AllocationMethod } from './allocate.js'
import { measuredSparsities } from './measured-sparsities.js'
import { residualNetwork } from './testing/network.js'

const graph = residualNetwork()
const recipe = parseRecipe({ model: '-', data: '-', sparsity: 0.7, layers: { '*.conv1': { method: 'magnitude' } } })
const layers = planLayers(graph, recipe).groups.flatMap((group) => group.members)
const total = layers.reduce((sum, { layer }) => sum + layer.rows * layer.cols, 0)
/** The second layer loses a thousand times less for the same sparsity. */
const losses = layers.map((planned, i) => ({
  planned,
  losses: [0, ...measuredSparsities].map((sparsity) => ({ sparsity, loss: 1000 ** -i * sparsity ** 4 })),
}))
const costOf = (sparsities: ReadonlyMap<string, number>): number =>
  layers.reduce((sum, { layer }) => sum + parameterCost(layer, sparsities.get(layer.name)!), 0)

test.each<[AllocationMethod, number]>([
  ['uniform', 1e-9],
  ['progression', 1e-9],
  ['marginal', 1e-9],
  ['dp', 0.02],
])('%s: the non-zeros of the budget, and no layer is emptied for it', (method, tolerance) => {
  for (const sparsity of [0.3, 0.7, 0.9, 0.98]) {
    const found = allocate(losses, parameterCost, method, total * (1 - sparsity))
    const cost = costOf(found) / (total * (1 - sparsity))
    expect(cost).toBeLessThanOrEqual(1 + 1e-9)
    expect(cost).toBeGreaterThan(1 - tolerance)
    for (const s of found.values()) expect(s).toBeLessThanOrEqual(highestOfLayer)
    const [first, second] = [...found.values()]
    if (method === 'uniform') expect(first).toBeCloseTo(sparsity, 9)
    else if (sparsity < 0.98) expect(second).toBeGreaterThan(first! + 0.05)
  }
})

test('above what the layers may lose by choice, the budget decides; beyond all options it is refused', () => {
  expect(costOf(allocate(losses, parameterCost, 'marginal', 0.01 * total))).toBeCloseTo(0.01 * total, 9)
  expect(() => allocate(losses, parameterCost, 'marginal', 0.001 * total)).toThrow(/the least that the layers can cost/)
})

test('the recipe then says it for each layer, beside what it said before', () => {
  const given = withSparsities(
    recipe,
    new Map([
      ['block.conv1', 0.25],
      ['block.conv2', 0.9],
    ]),
  )
  const settings = layerSettings(graph, parseRecipe(given))
  expect(settings.get('block.conv1')).toMatchObject({ sparsity: 0.25, method: 'magnitude' })
  expect(settings.get('block.conv2')).toMatchObject({ sparsity: 0.9, method: recipe.method })
})

test.each([
  [{ '*': { pattern: '2:4' }, 'block.conv2': { pattern: 'unstructured' } }, 0.75],
  [{ 'block.conv2': { pattern: '2:4' }, '*': { pattern: '4x1' } }, 0.75],
  [{ '*': { sparsity: 0.3 }, 'block.conv2': { pattern: '2:4' } }, undefined],
  [{ 'block.conv2': { sparsity: 0.3 }, '*': { pattern: '2:4' }, '*.conv2': { pattern: '1x4' } }, 0.3],
])('%j: the sparsity of a layer is what was said last, or none where a pattern decides', (layers, sparsity) => {
  const settings = layerSettings(graph, parseRecipe({ model: '-', data: '-', sparsity: 0.75, layers }))
  expect(settings.get('block.conv2')!.sparsity).toBe(sparsity)
})

test('a sparsity where an n:m pattern decides is refused, naming the entry', () => {
  for (const layers of [
    { 'block.conv2': { sparsity: 0.3, pattern: '2:4' } },
    { '*': { pattern: '2:4' }, 'block.conv2': { sparsity: 0.3 } },
  ]) {
    expect(() => layerSettings(graph, parseRecipe({ model: '-', data: '-', layers }))).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/^layers\['block.conv2'\]: the pattern 2:4 decides/),
      }),
    )
  }
})
