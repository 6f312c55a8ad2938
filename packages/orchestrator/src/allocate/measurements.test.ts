import { createGraph, node } from '@tacojs/graph'
import { createLinalg } from '@tacojs/linalg'
import { openBackend } from '../backends.js'
import { parseRecipe } from '../recipe.js'
import { decodeRecord, encodeRecord } from '../resume/record.js'
import { conv, randomTensors } from '../testing/layers.js'
import { measurements } from './measurements.js'

const random = randomTensors(3)

/** Branches whose order depends on what they aim at: one of them at the sum. */
const graph = createGraph({
  inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 4, 6, 6] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 4] }],
  nodes: [
    conv('x', 'stem', 'stem', 1),
    node('Relu', ['stem'], ['s']),
    conv('s', 'conv3', 'conv3', 3),
    conv('s', 'conv1', 'conv1', 1),
    node('Add', ['conv3', 'conv1'], ['sum']),
    conv('sum', 'last', 'last', 1),
    node('GlobalAveragePool', ['last'], ['pooled']),
    node('Flatten', ['pooled'], ['y']),
  ],
  initializers: Object.fromEntries(
    Object.entries({ stem: [4, 4, 1, 1], conv3: [8, 4, 3, 3], conv1: [8, 4, 1, 1], last: [4, 8, 1, 1] }).flatMap(
      ([name, shape]) => [
        [`${name}.weight`, random(shape)],
        [`${name}.bias`, random([shape[0]!])],
      ],
    ),
  ),
})

test('the losses of an earlier run are those of the same layers', async () => {
  const kept = new Map<string, Uint8Array>()
  const records = {
    read: async (name: string) => (kept.has(name) ? decodeRecord(kept.get(name)!) : undefined),
    write: async (name: string, record: Parameters<typeof encodeRecord>[0]) =>
      void kept.set(name, encodeRecord(record)),
  }
  const recipe = parseRecipe({ model: '-', data: '-' })
  const context = { backend: openBackend('tfjs-cpu'), linalg: await createLinalg(), recipe }
  const losses = async () => {
    const all = await measurements(graph, [random([4, 4, 6, 6])], context, records).losses()
    return Object.fromEntries(all.map(({ planned, losses }) => [planned.layer.name, losses]))
  }
  const first = await losses()
  expect(Object.keys(first).sort()).toEqual(['conv1', 'conv3'])
  expect(first['conv1']).not.toEqual(first['conv3'])
  expect(kept.size).toBe(1)
  expect(await losses()).toEqual(first)
})
