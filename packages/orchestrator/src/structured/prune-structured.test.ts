import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGraph, float32, inferTypes, node, subgraph, totalCosts, type Graph, type Tensor } from '@tacojs/graph'
import { readBundle, writeBundle } from '@tacojs/model-io'
import { createNumerics } from '@tacojs/solver'
import { openBackend } from '../backends.js'
import { parseRecipe } from '../recipe.js'
import { decodeRecord, encodeRecord } from '../resume/record.js'
import { planStructured } from './plan-structured.js'
import { pruneStructured } from './prune-structured.js'
import { conv, randomTensors } from '../testing/layers.js'

const random = randomTensors(1)

/** Stem, a bottleneck with a depthwise convolution inside, a basic block, head. */
const graph: Graph = createGraph({
  inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 3, 6, 6] }],
  outputs: [{ name: 'logits', dtype: 'float32', shape: ['batch', 4] }],
  nodes: [
    conv('x', 'stem', 'stem', 3),
    node('Relu', ['stem'], ['a']),
    conv('a', 'one.conv1', 'b', 1),
    node('Relu', ['b'], ['c']),
    conv('c', 'one.conv2', 'd', 3, 10),
    node('Relu', ['d'], ['e']),
    conv('e', 'one.conv3', 'f', 1),
    node('Add', ['a', 'f'], ['g']),
    node('Relu', ['g'], ['h']),
    conv('h', 'two.conv1', 'i', 3),
    node('Relu', ['i'], ['j']),
    conv('j', 'two.conv2', 'k', 3),
    node('Add', ['h', 'k'], ['l']),
    node('GlobalAveragePool', ['l'], ['m']),
    node('Flatten', ['m'], ['n']),
    node('Linear', ['n', 'fc.weight', 'fc.bias'], ['logits'], { domain: 'ai.tacojs' }),
  ],
  initializers: {
    'stem.weight': random([8, 3, 3, 3]),
    'stem.bias': random([8]),
    'one.conv1.weight': random([10, 8, 1, 1]),
    'one.conv1.bias': random([10]),
    'one.conv2.weight': random([10, 1, 3, 3]),
    'one.conv2.bias': random([10]),
    'one.conv3.weight': random([8, 10, 1, 1]),
    'one.conv3.bias': random([8]),
    'two.conv1.weight': random([6, 8, 3, 3]),
    'two.conv1.bias': random([6]),
    'two.conv2.weight': random([8, 6, 3, 3]),
    'two.conv2.bias': random([8]),
    'fc.weight': random([4, 8]),
    'fc.bias': random([4]),
  },
})

const batches = [random([6, 3, 6, 6]), random([5, 3, 6, 6])]
const backend = openBackend('tfjs-cpu')

const pruned = async (share: number, fields: object = {}, of: Graph = graph) => {
  const pattern = 'structured'
  const recipe = parseRecipe({
    model: '-',
    data: '-',
    pattern,
    sparsity: share,
    target: 'dense',
    positionWeights: false,
    ...fields,
  })
  const { warning } = planStructured(of, recipe)
  return { ...(await pruneStructured(of, batches, { backend, linalg: await createNumerics(), recipe })), warning }
}

/** A value for all images, [positions][channels]. */
async function rowsOf(g: Graph, value: string): Promise<number[][]> {
  const program = await backend.compile(subgraph(g, ['x'], [value]))
  const rows: number[][] = []
  for (const x of batches) {
    const { shape, data } = (await program.run({ x }))[value]!
    const [images, channels] = shape as [number, number]
    const plane = data.length / images / channels
    for (let i = 0; i < images; i++) {
      for (let p = 0; p < plane; p++) {
        rows.push(Array.from({ length: channels }, (_, c) => Number(data[(i * channels + c) * plane + p])))
      }
    }
  }
  program.dispose()
  return rows
}

const methods = [{}, { method: 'magnitude' }, { method: 'magnitude', refit: false }]

test.each(methods)('%j: the reported error is that of the smaller network’s own outputs', async (fields) => {
  const { graph: smaller, groups, warning } = await pruned(0.5, fields)
  expect(groups.map((g) => [g.name, g.producers, g.unitsBefore, g.unitsAfter])).toEqual([
    ['one.conv3', ['b'], 10, 5],
    ['two.conv2', ['i'], 6, 3],
  ])
  expect(warning).toBeUndefined()
  for (const [i, value] of ['f', 'k'].entries()) {
    const [dense, ours] = [await rowsOf(graph, value), await rowsOf(smaller, value)]
    const mean = dense[0]!.map((_, c) => dense.reduce((sum, row) => sum + row[c]!, 0) / dense.length)
    const distance = (of: (row: number, c: number) => number): number =>
      dense.reduce((sum, row, r) => sum + row.reduce((s, v, c) => s + (v - of(r, c)) ** 2, 0), 0)
    const error = distance((r, c) => ours[r]![c]!) / distance((_r, c) => mean[c]!)
    expect(groups[i]!.relativeError).toBeCloseTo(error, 5)
    expect(groups[i]!.relativeFloor).toBeLessThanOrEqual(groups[i]!.relativeError)
  }
})

test('by magnitude the units with the smallest weights in the consumer go; its fit lowers the error', async () => {
  const [fitted, plain] = [await pruned(0.5, methods[1]), await pruned(0.5, methods[2])]
  const { data } = graph.initializers.get('one.conv3.weight')!.tensor
  const size = (unit: number): number =>
    Array.from({ length: 8 }, (_, row) => Number(data[row * 10 + unit]) ** 2).reduce((a, b) => a + b)
  const stay = Array.from({ length: 10 }, (_, unit) => unit)
    .sort((a, b) => size(b) - size(a))
    .slice(0, 5)
    .sort((a, b) => a - b)
  const left = plain.graph.initializers.get('one.conv3.weight')!.tensor.data
  expect([...left]).toEqual(Array.from({ length: 8 }, (_, row) => stay.map((unit) => data[row * 10 + unit])).flat())
  // the same units went before the first consumer, whose targets and inputs are the same
  expect(fitted.groups[0]!.relativeError).toBeLessThan(plain.groups[0]!.relativeError)
})

test('the smaller network is smaller in all layers of a group, and survives a bundle', async () => {
  const { graph: smaller } = await pruned(0.5)
  const shape = (name: string) => smaller.initializers.get(name)!.tensor.shape
  expect(['one.conv1', 'one.conv2', 'one.conv3', 'two.conv1', 'two.conv2'].map((l) => shape(`${l}.weight`))).toEqual([
    [5, 8, 1, 1],
    [5, 1, 3, 3],
    [8, 5, 1, 1],
    [3, 8, 3, 3],
    [8, 3, 3, 3],
  ])
  const [before, after] = [totalCosts(graph), totalCosts(smaller)]
  // (8 + 9 + 8) · 5 weights of the bottleneck, 2 · 8 · 9 · 3 of the basic block and 13 biases are gone
  expect(before.parameters - after.parameters).toBe(25 * 5 + 432 + 13)
  expect(before.macs - after.macs).toBe(36 * (25 * 5 + 432))
  const dir = await mkdtemp(join(tmpdir(), 'taco-structured-'))
  try {
    const preprocess = {}
    await writeBundle(join(dir, 'bundle'), { graph: smaller, preprocess, labels: [], report: {} })
    const { graph: read } = await readBundle(join(dir, 'bundle'))
    expect(inferTypes(read).get('logits')!.shape).toEqual(['batch', 4])
    expect(await rowsOf(read, 'logits')).toEqual(await rowsOf(smaller, 'logits'))
  } finally {
    await rm(dir, { recursive: true })
  }
})

test('nothing goes at a share of 0, and one unit stays at 1', async () => {
  const none = await pruned(0)
  for (const group of none.groups) {
    expect(group.unitsAfter).toBe(group.unitsBefore)
    expect(group.relativeError).toBeLessThan(1e-6)
  }
  const all = await pruned(1)
  expect(all.groups.map((g) => g.unitsAfter)).toEqual([1, 1])
})

test('what goes is what costs least: the rest of a network with idle channels is left as it was', async () => {
  // channels 1 and 4 give nothing: their rows and biases are zero
  const idle = (name: string): [string, { tensor: Tensor }] => {
    const { shape, data } = graph.initializers.get(name)!.tensor
    const width = data.length / 6
    const values = (data as Float32Array).map((v, i) => ([1, 4].includes(Math.floor(i / width)) ? 0 : v))
    return [name, { tensor: float32(shape, values) }]
  }
  const initializers = new Map([...graph.initializers, idle('two.conv1.weight'), idle('two.conv1.bias')])
  const lazy = { ...graph, initializers }
  const { graph: smaller, groups } = await pruned(1 / 3, { keep: ['one.*'] }, lazy)
  expect(groups.map((g) => [g.name, g.unitsAfter])).toEqual([['two.conv2', 4]])
  expect(groups[0]!.relativeError).toBeLessThan(1e-6)
  const [expected, got] = [await rowsOf(lazy, 'logits'), await rowsOf(smaller, 'logits')]
  got.flat().forEach((v, i) => expect(v).toBeCloseTo(expected.flat()[i]!, 4))
})

test('a layer that is kept keeps its rows as well as its columns', async () => {
  expect((await pruned(0.5, { keep: ['two.conv1'] })).groups.map((g) => g.name)).toEqual(['one.conv3'])
  expect((await pruned(0.5, { keep: ['one.conv3'] })).groups.map((g) => g.name)).toEqual(['two.conv2'])
  await expect(pruned(0.5, { keep: ['*.conv1', 'one.*'] })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('no channels or heads could go'),
  })
})

test('each group has the share of its consumer, if that has one by name', async () => {
  const { groups } = await pruned(0.5, { layers: { 'one.*': { sparsity: 0.2 } } })
  expect(groups.map((g) => [g.name, g.unitsAfter])).toEqual([
    ['one.conv3', 8],
    ['two.conv2', 3],
  ])
})

test('layers from whose inputs nothing goes are named, with the reason', async () => {
  const why = {
    stream: expect.stringMatching(/read elsewhere too/),
    keep: expect.stringMatching(/^a layer that changes with it/),
  }
  const { leftAlone } = await pruned(0.5, { keep: ['two.conv1'] })
  expect(leftAlone).toEqual([
    { name: 'one.conv1', why: why.stream },
    { name: 'two.conv1', why: why.stream },
    { name: 'two.conv2', why: why.keep },
  ])
  // channels that a squeeze-excite gate reads cannot go without it
  const nodes = graph.nodes.flatMap((n) =>
    n.name !== 'j'
      ? [n]
      : [
          node('Relu', ['i'], ['j0']),
          node('GlobalAveragePool', ['j0'], ['squeezed']),
          conv('squeezed', 'gate', 'excited', 1),
          node('Sigmoid', ['excited'], ['gated']),
          node('Mul', ['j0', 'gated'], ['j']),
        ],
  )
  const initializers = new Map(graph.initializers)
    .set('gate.weight', { tensor: random([6, 6, 1, 1]) })
    .set('gate.bias', { tensor: random([6]) })
  const gated = await pruned(0.5, {}, { ...graph, nodes, initializers })
  expect(gated.groups.map((g) => g.name)).toEqual(['one.conv3'])
  expect(gated.leftAlone).toContainEqual({ name: 'two.conv2', why: why.stream })
})

/** A grouped convolution inside of a block, and behind it two branches of which the first has small weights. */
const branched: Graph = createGraph({
  inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 3, 6, 6] }],
  outputs: [{ name: 'logits', dtype: 'float32', shape: ['batch', 4] }],
  nodes: [
    conv('x', 'stem', 'a', 1),
    conv('a', 'conv1', 'b', 1),
    node('Relu', ['b'], ['c']),
    conv('c', 'conv2', 'd', 3, 4),
    conv('d', 'conv3', 'e', 1),
    node('Add', ['a', 'e'], ['f']),
    conv('f', 'left', 'g', 1),
    conv('f', 'right', 'h', 3),
    node('Concat', ['g', 'h'], ['i'], { attributes: { axis: 1 } }),
    conv('i', 'last', 'j', 1),
    node('Add', ['f', 'j'], ['k']),
    node('GlobalAveragePool', ['k'], ['m']),
    node('Flatten', ['m'], ['n']),
    node('Linear', ['n', 'fc.weight', 'fc.bias'], ['logits'], { domain: 'ai.tacojs' }),
  ],
  initializers: {
    'stem.weight': random([8, 3, 1, 1]),
    'conv1.weight': random([8, 8, 1, 1]),
    'conv2.weight': random([8, 2, 3, 3]),
    'conv3.weight': random([8, 8, 1, 1]),
    'left.weight': float32(
      [3, 8, 1, 1],
      random([24]).data.map((v) => v / 1000),
    ),
    'right.weight': random([4, 8, 3, 3]),
    'last.weight': random([8, 7, 1, 1]),
    'fc.weight': random([4, 8]),
    ...Object.fromEntries(
      Object.entries({ stem: 8, conv1: 8, conv2: 8, conv3: 8, left: 3, right: 4, last: 8, fc: 4 }).map(
        ([name, rows]) => [`${name}.bias`, random([rows])],
      ),
    ),
  },
})

test('of each branch one unit stays, whatever it is worth, and every backend takes the smaller network', async () => {
  for (const fields of methods) {
    const { groups, graph: smaller } = await pruned(0.6, fields, branched)
    expect(groups.map((g) => [g.name, g.unitsAfter])).toEqual([
      ['conv3', 2],
      ['last', 3],
    ])
    const rows = (name: string) => smaller.initializers.get(`${name}.weight`)!.tensor.shape[0]!
    expect(rows('left')).toBeGreaterThan(0)
    expect(rows('left') + rows('right')).toBe(3)
    const outputs: number[][] = []
    for (const name of ['tfjs-cpu', 'wasm']) {
      const program = await openBackend(name).compile(smaller)
      outputs.push([...((await program.run({ x: batches[0]! }))['logits']!.data as Float32Array)])
      program.dispose()
    }
    outputs[0]!.forEach((v, i) => expect(outputs[1]![i]).toBeCloseTo(v, 3))
  }
  const all = await pruned(1, {}, branched)
  expect(all.groups.map((g) => [g.name, g.unitsAfter])).toEqual([
    ['conv3', 1],
    ['last', 2],
  ])
})

test('a grouped convolution loses groups with what is around it, unless it is to stay', async () => {
  expect((await pruned(0.5, {}, branched)).leftAlone.map(({ name }) => name)).toEqual(['conv1', 'left', 'right'])
  for (const fields of [{ keep: ['conv2'] }, { layers: { conv2: { keep: true } } }]) {
    const { groups, leftAlone, graph: smaller } = await pruned(0.5, fields, branched)
    expect(groups.map((g) => g.name)).toEqual(['last'])
    expect(smaller.initializers.get('conv2.weight')!.tensor.shape).toEqual([8, 2, 3, 3])
    expect(leftAlone).toContainEqual({ name: 'conv3', why: expect.stringMatching(/^a layer that changes with it/) })
  }
})

test('a share by name for a layer that sums over no group is refused', async () => {
  await expect(pruned(0.5, { layers: { 'two.conv1': { sparsity: 0.2 } } })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message:
      "layers: 'two.conv1' fits no layer that sums over units that could go; there are e.g. one.conv3, two.conv2",
  })
})

test('a group whose consumer sees nothing has no error', async () => {
  const dead = new Map(graph.initializers).set('two.conv1.bias', {
    tensor: float32([6], new Float32Array(6).fill(-1e3)),
  })
  for (const fields of methods) {
    const { groups } = await pruned(0.5, fields, { ...graph, initializers: dead })
    expect(groups[1]).toMatchObject({ name: 'two.conv2', unitsAfter: 3, relativeError: 0, relativeFloor: 0 })
  }
})

test('units that share statistics stay, unless there are no others', async () => {
  const nodes = graph.nodes.flatMap((n) =>
    n.name !== 'j'
      ? [n]
      : [node('Relu', ['i'], ['j0']), node('ReduceMean', ['j0', 'axes'], ['mean']), node('Sub', ['j0', 'mean'], ['j'])],
  )
  const axes = { tensor: { dtype: 'int64' as const, shape: [1], data: BigInt64Array.of(1n) } }
  const normed = { ...graph, nodes, initializers: new Map(graph.initializers).set('axes', axes) }
  const { groups, warning, leftAlone } = await pruned(0.5, {}, normed)
  expect(groups.map((g) => g.name)).toEqual(['one.conv3'])
  expect(warning).toMatch(/keep all units.*two\.conv2/)
  expect(leftAlone).toContainEqual({ name: 'two.conv2', why: expect.stringMatching(/other statistics/) })
  await expect(pruned(0.5, { layers: { 'two.conv2': { sparsity: 0.2 } } }, normed)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: "layers: 'two.conv2' fits no layer that sums over units that could go; there are e.g. one.conv3",
  })
  const only = await pruned(0.5, { keep: ['one.*'] }, normed)
  expect(only.groups.map((g) => [g.name, g.unitsAfter])).toEqual([['two.conv2', 3]])
  expect(only.warning).toMatch(/change the statistics.*two\.conv2/)
  expect((await rowsOf(only.graph, 'logits')).flat().every(Number.isFinite)).toBe(true)
})

test('what another run has finished is not solved again, and the rest comes out the same', async () => {
  const recipe = parseRecipe({ model: '-', data: '-', pattern: 'structured', positionWeights: true })
  const linalg = await createNumerics()
  const kept = new Map<string, Uint8Array>()
  const solved: string[] = []
  const run = () =>
    pruneStructured(graph, batches, {
      ...{ backend, linalg, recipe },
      records: {
        read: async (name) => (kept.has(name) ? decodeRecord(kept.get(name)!) : undefined),
        write: async (name, record) => void kept.set(name, encodeRecord(record)),
      },
      time: async (part, work) => {
        solved.push(part)
        return work()
      },
    })
  const whole = await run()
  expect([...kept.keys()]).toEqual(['task-weights', 'group-0000', 'group-0001'])
  kept.delete('group-0001')
  solved.length = 0
  expect(await run()).toEqual(whole)
  expect(solved.filter((part) => part === 'solve')).toHaveLength(1)
})
