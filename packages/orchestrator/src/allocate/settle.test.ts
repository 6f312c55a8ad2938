import { float32, node, withInitializers, type Graph, type Tensor } from '@tacojs/graph'
import { createLinalg, type Linalg } from '@tacojs/linalg'
import { roundWeights } from '@tacojs/model-io'
import type { Backend } from '@tacojs/runtime'
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
const settled = (
  fields: object,
  given: object = { ...fieldsOf, sparsity: 0.8 },
  records = memoryRecords(),
  model = graph,
  inputs: readonly Tensor[] = batches,
) => {
  const context = { backend, linalg, recipe: parseRecipe({ ...given, ...fields }) }
  return settleSparsities(model, inputs, measurements(model, inputs, context, records), context)
}
const settle = async (...args: Parameters<typeof settled>) => (await settled(...args)).recipe
const pruned = (recipe: typeof given) => prune(graph, batches, { backend, linalg, recipe })
const total = 16 * 16 * 10

test('the zeros that were asked for, among the weights, otherwise shared: the pruned network has them', async () => {
  const recipe = await settle({})
  const { layers } = await pruned(recipe)
  const nonzeros = layers.reduce((sum, layer) => sum + layer.nonzeros, 0)
  expect(Math.abs(nonzeros - 0.2 * total)).toBeLessThanOrEqual(layers.length)
  expect(layers[0]!.sparsity).not.toBeCloseTo(layers[1]!.sparsity, 2)
})

test('zeros that stay count among those that are shared', async () => {
  const weight = graph.initializers.get('block.conv1.weight')!.tensor
  const sparse = withInitializers(
    graph,
    new Map([
      [
        'block.conv1.weight',
        float32(
          weight.shape,
          Float32Array.from(weight.data as Float32Array, (v, i) => (i % 10 < 9 ? 0 : v)),
        ),
      ],
    ]),
  )
  for (const allocation of ['progression', 'marginal', 'dp']) {
    const context = {
      backend,
      linalg,
      recipe: parseRecipe({ ...fieldsOf, allocation, sparsity: 0.91 }),
      warmStart: true,
    }
    const { recipe } = await settleSparsities(
      sparse,
      batches,
      measurements(sparse, batches, context, memoryRecords()),
      context,
    )
    expect(recipe.layers['block.conv1']!.sparsity).toBeGreaterThanOrEqual(0.9)
    const { layers } = await prune(sparse, batches, { backend, linalg, recipe, warmStart: true })
    const nonzeros = layers.reduce((sum, layer) => sum + layer.nonzeros, 0)
    expect(Math.abs(nonzeros - 0.09 * total)).toBeLessThanOrEqual(layers.length)
  }
})

test('of blocks those count that are zero as a whole', async () => {
  const { tensor } = graph.initializers.get('block.conv1.weight')!
  const scattered = Float32Array.from(tensor.data as Float32Array, (v, i) => (i % 10 < 9 ? 0 : v))
  const sparse = withInitializers(graph, new Map([['block.conv1.weight', float32(tensor.shape, scattered)]]))
  const recipe = parseRecipe({ ...fieldsOf, allocation: 'progression', pattern: '4x1', sparsity: 0.5 })
  const context = { backend, linalg, recipe, warmStart: true }
  const known = measurements(sparse, batches, context, memoryRecords())
  const { layers } = (await settleSparsities(sparse, batches, known, context)).recipe
  // 0.9⁴ of the blocks of scattered zeros would be empty; the first layer keeps more than half
  expect(layers['block.conv1']!.sparsity).toBeLessThan(0.68)
})

test('a layer that is nearly gone already lifts the limit of no other', async () => {
  const { tensor } = graph.initializers.get('block.conv1.weight')!
  const gone = float32(tensor.shape, new Float32Array(tensor.data.length).fill(1, 0, 1))
  const sparse = withInitializers(graph, new Map([['block.conv1.weight', gone]]))
  const recipe = parseRecipe({ ...fieldsOf, allocation: 'progression', sparsity: 0.98 })
  const context = { backend, linalg, recipe, warmStart: true }
  const known = measurements(sparse, batches, context, memoryRecords())
  const { layers } = (await settleSparsities(sparse, batches, known, context)).recipe
  expect(layers['block.conv1']!.sparsity).toBeGreaterThan(0.99)
  expect(layers['block.conv2']!.sparsity).toBeLessThanOrEqual(0.985)
})

test('multiply-accumulates count alike where all layers have the same positions', async () => {
  const [macs, parameters] = [await settle({ budget: 'macs' }), await settle({})]
  for (const [name, { sparsity }] of Object.entries(parameters.layers)) {
    expect(macs.layers[name]!.sparsity).toBeCloseTo(sparsity!, 9)
  }
})

test('multiply-accumulates of a model that leaves the size of images open are those for the images', async () => {
  // the block's second convolution has a quarter of the positions of the first
  const halved = (x: string, y: string) =>
    node('MaxPool', [x], [y], { attributes: { kernel_shape: [2, 2], strides: [2, 2] } })
  const from: Record<string, string> = { d: 'c', e: 'a' }
  const nodes = graph.nodes.flatMap((n) => {
    const whole = from[n.outputs[0]!]
    if (whole === undefined) return [n]
    const inputs = n.inputs.map((input) => (input === whole ? `${whole}.half` : input))
    return [halved(whole, `${whole}.half`), { ...n, inputs }]
  })
  const fixed: Graph = { ...graph, nodes }
  const open: Graph = { ...fixed, inputs: [{ ...fixed.inputs[0]!, shape: ['batch', 3, 'height', 'width'] }] }
  const inputs = [random([4, 3, 6, 6])]
  const sparsities = async (model: Graph, budget: string) => {
    const { recipe } = await settled({ budget }, undefined, undefined, model, inputs)
    return Object.values(recipe.layers).map(({ sparsity }) => sparsity!)
  }
  const expected = await sparsities(fixed, 'macs')
  expect(expected).not.toEqual(await sparsities(fixed, 'parameters'))
  expect(await sparsities(open, 'macs')).toEqual(expected)
  const measured = { pruned: false, evaluation: undefined, latencyMs: undefined }
  expect(summarize(open, [3, 6, 6], measured).macs).toBe(summarize(fixed, [3, 6, 6], measured).macs)
})

test('uniform needs no work and changes nothing; named sparsities stay', async () => {
  expect(await settle({ allocation: 'uniform' })).toEqual({ ...given, allocation: 'uniform' })
  const named = parseRecipe({ ...given, layers: { '*': { sparsity: 0.5 } } })
  expect(await settle({}, named)).toEqual(named)
})

test('a progression has any sparsity, up to all zeros', async () => {
  for (const sparsity of [0, 0.5, 0.998, 1]) {
    const { layers } = await pruned(await settle({ allocation: 'progression', sparsity }))
    const nonzeros = layers.reduce((sum, layer) => sum + layer.nonzeros, 0)
    expect(Math.abs(nonzeros - (1 - sparsity) * total)).toBeLessThanOrEqual(layers.length)
  }
})

test('another target has what was measured of the layers', async () => {
  const records = memoryRecords()
  const measured: string[] = []
  const of = (fields: object) => {
    const recipe = parseRecipe({ ...fieldsOf, ...fields })
    const context = {
      backend,
      linalg,
      recipe,
      onLayer: (_done: number, _of: number, name: string) => void measured.push(name),
    }
    return settleSparsities(graph, batches, measurements(graph, batches, context, records), context)
  }
  await expect(of({ maxBytes: 10 })).rejects.toMatchObject({ code: 'OUT_OF_REACH' })
  expect(measured).not.toEqual([])
  measured.length = 0
  await of({ sparsity: 0.9 })
  expect(measured).toEqual([])
})

test('a size: the compact weights of the pruned network are no larger', async () => {
  for (const allocation of ['uniform', 'progression', 'marginal'] as const) {
    const { graph: result } = await pruned(await settle({ allocation, maxBytes: 7000 }, fieldsOf))
    const { bytes } = summarize(result, [3, 6, 6], { pruned: true, evaluation: undefined, latencyMs: undefined })
    expect(bytes).toBeLessThanOrEqual(7000)
    expect(bytes).toBeGreaterThan(5800)
  }
})

test.each([{ sparsity: 0.95 }, { pattern: '1:8' }, { pattern: '4x1', sparsity: 0.9 }])(
  'a size: a layer with %j of its own takes what it takes then',
  async (own) => {
    const layers = { 'block.conv1': own }
    const recipe = await settle({ allocation: 'uniform', maxBytes: 4500, layers }, fieldsOf)
    expect(recipe.layers['block.conv1']).toEqual(own)
    const { graph: result } = await pruned(recipe)
    const { bytes } = summarize(result, [3, 6, 6], { pruned: true, evaluation: undefined, latencyMs: undefined })
    expect(bytes).toBeLessThanOrEqual(4500)
    expect(bytes).toBeGreaterThan(3500)
  },
)

test('beside an n:m pattern, layers with another one have the sparsity of all, or what all have by default', async () => {
  const layers = { 'block.conv2': { pattern: 'unstructured' } }
  const free = await settle({ pattern: '2:4', allocation: 'auto', layers }, { model: '-', data: '-' })
  expect(free.layers['block.conv2']).toEqual({ pattern: 'unstructured', sparsity: expect.closeTo(0.5, 9) })
})

test('a sparsity is written beside what an earlier entry says, though a later one gives the pattern', async () => {
  const layers = { 'block.conv2': { method: 'magnitude' }, '*.conv2': { pattern: 'unstructured' } }
  const recipe = await settle({ pattern: '2:4', allocation: 'auto', layers }, { model: '-', data: '-' })
  const { layers: reports } = await pruned(recipe)
  expect(reports.map(({ name, method, pattern, sparsity }) => [name, method, pattern, sparsity])).toEqual([
    ['block.conv1', 'admm', '2:4', 0.5],
    ['block.conv2', 'magnitude', 'unstructured', 0.5],
  ])
})

test.each(['fp16', 'int8'] as const)('a size is that of the weights as %s, where they are rounded', async (weights) => {
  const asked = { allocation: 'uniform', maxBytes: 4000 }
  const { graph: result, layers } = await pruned(await settle({ ...asked, weights }, fieldsOf))
  const measured = { pruned: true, evaluation: undefined, latencyMs: undefined }
  const { bytes } = summarize(roundWeights(result, weights).graph, [3, 6, 6], measured)
  expect(bytes).toBeLessThanOrEqual(4000)
  expect(bytes).toBeGreaterThan(3000)
  const { layers: whole } = await pruned(await settle(asked, fieldsOf))
  layers.forEach((layer, i) => expect(layer.sparsity).toBeLessThan(whole[i]!.sparsity))
})

/** A backend whose networks take a millisecond, and one more for every hundred weights that are not zero. */
const timedBackend = (): Backend => ({
  ...backend,
  compile: async (part, options) => {
    const program = await backend.compile(part, options)
    const kept = [...part.initializers.values()].reduce(
      (sum, { tensor }) => sum + (tensor.data as Float32Array).reduce((n, v) => n + (v === 0 ? 0 : 1), 0),
      0,
    )
    return {
      ...program,
      dispose: () => program.dispose(),
      read: (...args) => program.read(...args),
      write: (...args) => program.write(...args),
      run: async (inputs) => {
        clock += 1 + kept / 100
        return program.run(inputs)
      },
    }
  },
})
let clock = 0
const onClock = async <T>(work: () => Promise<T>): Promise<T> => {
  const now = import.meta.jest.spyOn(performance, 'now').mockImplementation(() => clock)
  try {
    return await work()
  } finally {
    now.mockRestore()
  }
}

test.each([{ speedUp: 2 }, { maxMs: 15 }])(
  'a speed, %j: the fewest zeros that give it, by the clock',
  async (asked) => {
    const records = memoryRecords()
    const steps: [done: number, total: number, name: string][] = []
    const context = {
      ...{ backend: timedBackend(), linalg, recipe: parseRecipe({ ...fieldsOf, ...asked }) },
      onLayer: (...step: [number, number, string]) => void steps.push(step),
    }
    const found = await onClock(() =>
      settleSparsities(graph, batches, measurements(graph, batches, context, records), context),
    )
    const { goalMs, predictedMs } = found.speed!
    // 16·16·10 weights of the two layers, and the rest
    const rest = [...graph.initializers.values()].reduce((sum, { tensor }) => sum + tensor.data.length, 0) - total
    const denseMs = 1 + (rest + total) / 100
    expect(goalMs).toBeCloseTo(asked.maxMs ?? denseMs / 2, 6)
    expect(predictedMs).toBeLessThanOrEqual(goalMs)
    expect(predictedMs).toBeGreaterThan(0.93 * goalMs)
    const kept = Object.entries(found.recipe.layers).reduce(
      (sum, [name, { sparsity }]) => sum + (name === 'block.conv1' ? 9 : 1) * 256 * (1 - sparsity!),
      0,
    )
    expect(1 + (rest + kept) / 100).toBeCloseTo(predictedMs, 0)
    // what is said of the networks that are timed, behind what is said of the layers
    const timed = steps.slice(steps.findIndex(([, , name]) => name.startsWith('the network')))
    expect(timed[0]).toEqual([0, 9, 'the network with 99 % zeros'])
    expect(timed[1]).toEqual([1, 9, 'the network with 0 % zeros'])
    expect(timed.map(([done]) => done)).toEqual(timed.map((_, i) => i))
    expect(timed[timed.length - 1]).toEqual([9, 9, 'done'])
    // once found, it is kept, for a clock would say something else
    const again = await settleSparsities(graph, batches, measurements(graph, batches, context, records), context)
    expect(again).toEqual(found)
  },
)

test('a speed that cannot be had is refused, with the least that can; no zeros where the dense network is fast enough', async () => {
  await expect(settle({ speedUp: 1e6 }, fieldsOf)).rejects.toMatchObject({
    code: 'OUT_OF_REACH',
    message: expect.stringMatching(/^a speed-up of 1000000 .* cannot be had: with 99 % zeros one image still takes/),
  })
  const { layers } = await settle({ maxMs: 1e6 }, fieldsOf)
  expect(Object.keys(layers)).toEqual(['block.conv1', 'block.conv2'])
  for (const { sparsity } of Object.values(layers)) expect(sparsity).toBeCloseTo(0, 9)
})
