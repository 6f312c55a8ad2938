import { planLayers } from '../prune/plan.js'
import { parseRecipe } from '../recipe.js'
import { freeLayers } from './free-layers.js'
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
