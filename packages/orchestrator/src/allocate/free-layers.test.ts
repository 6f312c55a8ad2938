import { planLayers } from '../prune/plan.js'
import { parseRecipe } from '../recipe.js'
import { checkFree, freeLayers } from './free-layers.js'
import { residualNetwork } from './testing/network.js'

test('layers whose sparsity is given by name, or whose pattern decides it, do not take part', () => {
  const namesWith = (layers: object): string[] => {
    const recipe = parseRecipe({ model: '-', data: '-', layers })
    const members = planLayers(residualNetwork(), recipe).groups.flatMap((group) => group.members)
    return freeLayers(members, recipe).map(({ layer }) => layer.name)
  }
  expect(namesWith({})).toEqual(['block.conv1', 'block.conv2'])
  expect(namesWith({ '*.conv1': { sparsity: 0.3 }, '*.conv2': { method: 'magnitude' } })).toEqual(['block.conv2'])
  expect(namesWith({ '*.conv2': { pattern: '2:4' } })).toEqual(['block.conv1'])
  expect(namesWith({ '*': { sparsity: 0.5 } })).toEqual([])
})

test('what none of the layers could meet is refused, or said to be of no use', () => {
  const warningsOf = (fields: object): string[] => {
    const recipe = parseRecipe({ model: '-', data: '-', ...fields })
    const members = planLayers(residualNetwork(), recipe).groups.flatMap((group) => group.members)
    const warnings: string[] = []
    checkFree(members, recipe, (text) => warnings.push(text))
    return warnings
  }
  const layers = { '*': { sparsity: 0.5 } }
  expect(warningsOf({ layers })).toEqual([])
  expect(warningsOf({ layers, sparsity: 0.9, allocation: 'dp', budget: 'macs' })).toEqual([
    'every layer has its sparsity by name or by its pattern: there is no use for sparsity, allocation, budget',
  ])
  expect(() => warningsOf({ layers, maxMs: 5 })).toThrow(/^maxMs: every layer has its sparsity by name/)
  for (const allocation of ['marginal', 'dp']) {
    expect(warningsOf({ allocation, sparsity: 0.995 })).toEqual([])
    expect(() => warningsOf({ allocation, sparsity: 0.999 })).toThrow(/^sparsity: the allocation .* goes up to 0\.995/)
  }
  expect(warningsOf({ sparsity: 1 })).toEqual([])
})
