import { createLinalg, type Linalg } from '@tacojs/linalg'
import { openBackend } from '../backends.js'
import { prune } from '../prune/prune.js'
import { parseRecipe } from '../recipe.js'
import { summarize } from '../summary.js'
import { memoryRecords } from '../resume/shared-records.js'
import { measurements } from './measurements.js'
import { settleSparsities } from './settle.js'
import { randomTensors } from '../testing/layers.js'
import { residualNetwork } from './testing/network.js'

const graph = residualNetwork(16)
const random = randomTensors(3)
const batches = [random([4, 3, 6, 6]), random([3, 3, 6, 6])]
const backend = openBackend('tfjs-cpu')
let linalg: Linalg
beforeAll(async () => {
  linalg = await createLinalg()
})
const fieldsOf = { model: '-', data: '-', target: 'dense', allocation: 'marginal' }
const given = parseRecipe({ ...fieldsOf, sparsity: 0.8 })
const settle = (fields: object, given: object = { ...fieldsOf, sparsity: 0.8 }) => {
  const context = { backend, linalg, recipe: parseRecipe({ ...given, ...fields }) }
  return settleSparsities(graph, batches, measurements(graph, batches, context, memoryRecords()), context)
}
const pruned = (recipe: typeof given) => prune(graph, batches, { backend, linalg, recipe })
const total = 16 * 16 * 10

test('the zeros that were asked for, among the weights, otherwise shared: the pruned network has them', async () => {
  const recipe = await settle({})
  const { layers } = await pruned(recipe)
  const nonzeros = layers.reduce((sum, layer) => sum + layer.nonzeros, 0)
  expect(Math.abs(nonzeros - 0.2 * total)).toBeLessThanOrEqual(layers.length)
  expect(layers[0]!.sparsity).not.toBeCloseTo(layers[1]!.sparsity, 2)
})

test('multiply-accumulates count alike where all layers have the same positions', async () => {
  const [macs, parameters] = [await settle({ budget: 'macs' }), await settle({})]
  for (const [name, { sparsity }] of Object.entries(parameters.layers)) {
    expect(macs.layers[name]!.sparsity).toBeCloseTo(sparsity!, 9)
  }
})

test('uniform needs no work and changes nothing; named sparsities stay', async () => {
  expect(await settle({ allocation: 'uniform' })).toEqual({ ...given, allocation: 'uniform' })
  const named = parseRecipe({ ...given, layers: { '*': { sparsity: 0.5 } } })
  expect(await settle({}, named)).toEqual(named)
})

test('a size: the compact weights of the pruned network are no larger', async () => {
  for (const allocation of ['uniform', 'marginal'] as const) {
    const { graph: result } = await pruned(await settle({ allocation, maxBytes: 7000 }, fieldsOf))
    const { bytes } = summarize(result, { pruned: true, evaluation: undefined, latencyMs: undefined })
    expect(bytes).toBeLessThanOrEqual(7000)
    expect(bytes).toBeGreaterThan(5800)
  }
})

test('a speed that cannot be had is refused, with what can; one that can gives sparsities', async () => {
  await expect(settle({ speedUp: 1e6 }, fieldsOf)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  const { layers } = await settle({ speedUp: 0.01 }, fieldsOf)
  expect(Object.keys(layers)).toEqual(['block.conv1', 'block.conv2'])
  for (const { sparsity } of Object.values(layers)) expect(sparsity).toBe(0)
})
