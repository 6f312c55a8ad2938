import { createLinalg, type Linalg } from '@tacojs/linalg'
import { openBackend } from '../backends.js'
import { prune } from '../prune/prune.js'
import { parseRecipe } from '../recipe.js'
import { layerLosses, lossCurve } from './layer-losses.js'
import { measuredSparsities } from './measured-sparsities.js'
import { outputChange } from './output-change.js'
import { randomTensors } from '../testing/layers.js'
import { residualNetwork } from './testing/network.js'

const graph = residualNetwork()
const random = randomTensors(3)
const batches = [random([4, 3, 6, 6]), random([3, 3, 6, 6])]
const backend = openBackend('tfjs-cpu')
let linalg: Linalg
beforeAll(async () => {
  linalg = await createLinalg()
})

const losses = (fields: object = {}, signal?: AbortSignal) =>
  layerLosses(graph, batches, { backend, linalg, recipe: parseRecipe({ model: '-', data: '-', ...fields }), signal })

test('at the anchors, the change of the logits when prune prunes that layer alone', async () => {
  const tables = await losses()
  expect(tables.map((t) => t.planned.layer.name)).toEqual(['block.conv1', 'block.conv2'])
  for (const [i, other] of ['*.conv2', '*.conv1'].entries()) {
    expect(tables[i]!.losses.map((o) => o.sparsity)).toEqual([0, ...measuredSparsities])
    expect(tables[i]!.losses[0]!.loss).toBe(0)
    for (const sparsity of [0.8, 0.95]) {
      const recipe = parseRecipe({
        model: '-',
        data: '-',
        sparsity,
        keep: [other],
        positions: 0.5,
        positionWeights: false,
        method: 'fastobc',
      })
      const { graph: pruned } = await prune(graph, batches, { backend, linalg, recipe })
      let sum = 0
      for (const x of batches) {
        const [dense, sparse] = await Promise.all(
          [graph, pruned].map(async (g) => {
            const program = await backend.compile(g)
            return (await program.run({ x }))['logits']!
          }),
        )
        sum += outputChange(dense!, sparse!) * x.shape[0]!
      }
      const loss = tables[i]!.losses.find((o) => o.sparsity === sparsity)!.loss
      expect(Math.abs(loss / (sum / 7) - 1)).toBeLessThan(1e-5)
    }
  }
})

test('layers of an n:m pattern have no sparsity to choose and are left out', async () => {
  const tables = await losses({ layers: { '*.conv1': { pattern: '2:4' } } })
  expect(tables.map((t) => t.planned.layer.name)).toEqual(['block.conv2'])
})

test('a raised signal ends it', async () => {
  await expect(losses({}, AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORTED' })
})

test('the curve goes through the anchors, with the errors in between, and never falls', () => {
  const errors = [1, 2, 4, 8, 9, 10]
  const curve = lossCurve(errors, [20, 40])
  expect(curve.map((o) => o.sparsity)).toEqual(measuredSparsities)
  const at = (sparsity: number) => curve.find((o) => o.sparsity === sparsity)!.loss
  expect([at(0.8), at(0.95), at(0.6)]).toEqual([expect.closeTo(20, 9), expect.closeTo(40, 9), expect.closeTo(10, 9)])
  // halfway in the logarithm of what is kept
  expect(at(0.9)).toBeCloseTo(4 * Math.sqrt(10 * 5), 9)
  expect(at(0.98)).toBeCloseTo(45, 9)
  const falling = lossCurve(errors, [20, 5]).map((o) => o.loss)
  falling.forEach((loss, i) => expect(loss).toBeGreaterThanOrEqual(falling[i - 1] ?? 0))
  for (const { loss } of lossCurve([0, 0, 0, 0, 0, 0], [0, 0])) expect(loss).toBe(0)
})

test('the change of the logits: the mean of squares, but for what all classes share', () => {
  const logits = (values: number[]) => ({ dtype: 'float32' as const, shape: [2, 3], data: Float32Array.from(values) })
  const before = logits([1, 2, 3, 4, 5, 6])
  expect(outputChange(before, logits([6, 7, 8, 4, 5, 6]))).toBe(0)
  expect(outputChange(before, logits([1, 2, 6, 4, 5, 6]))).toBe((1 + 1 + 4) / 2)
})
