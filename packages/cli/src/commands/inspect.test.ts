import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGraph, float32, node, optimize, prunableLayers, withInitializers, type Graph } from '@tacojs/graph'
import { exportOnnx, writeBundle } from '@tacojs/model-io'
import { runTaco } from '../testing/run-taco.js'

const random = (shape: number[], seed: number) =>
  float32(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * seed + 1)),
  )
const conv = (x: string, name: string, kernel: number, group = 1) =>
  node('Conv', [x, `${name}.weight`, `${name}.bias`], [name], {
    name,
    attributes: { pads: new Array<number>(4).fill(kernel >> 1), group },
  })

/** A stem, a residual block of three convolutions (one depthwise), and a head. */
const network = (height: number | string, width: number | string): Graph =>
  createGraph({
    name: 'net',
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 3, height, width] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 5] }],
    nodes: [
      conv('x', 'stem', 3),
      conv('stem', 'block.a', 1),
      conv('block.a', 'block.b', 3, 16),
      node('Relu', ['block.b'], ['act']),
      conv('act', 'block.c', 1),
      node('Add', ['stem', 'block.c'], ['sum']),
      node('GlobalAveragePool', ['sum'], ['pool']),
      node('Flatten', ['pool'], ['flat']),
      node('Gemm', ['flat', 'head.weight', 'head.bias'], ['y'], { name: 'head', attributes: { transB: 1 } }),
    ],
    initializers: {
      ...{ 'stem.weight': random([8, 3, 3, 3], 1), 'stem.bias': random([8], 2) },
      ...{ 'block.a.weight': random([16, 8, 1, 1], 3), 'block.a.bias': random([16], 4) },
      ...{ 'block.b.weight': random([16, 1, 3, 3], 5), 'block.b.bias': random([16], 6) },
      ...{ 'block.c.weight': random([8, 16, 1, 1], 7), 'block.c.bias': random([8], 8) },
      ...{ 'head.weight': random([5, 8], 9), 'head.bias': random([5], 10) },
    },
  })

let work: string
beforeEach(async () => void (work = await mkdtemp(join(tmpdir(), 'taco-inspect-'))))
afterEach(() => rm(work, { recursive: true, force: true }))

async function inspected(graph: Graph, ...args: string[]) {
  const path = join(work, 'net.onnx')
  await writeFile(path, exportOnnx(graph, { metadata: { author: 'somebody' } }))
  const { status, stdout } = await runTaco('inspect', '--model', path, ...args, '--json')
  expect(status).toBe(0)
  return JSON.parse(stdout)
}

test('layers, costs counted by hand, what is prunable and why the rest is not', async () => {
  const info = await inspected(network(4, 6))
  const byHand = { stem: 27 * 8 * 24, a: 8 * 16 * 24, b: 9 * 16 * 24, c: 16 * 8 * 24, head: 8 * 5 }
  expect(info).toMatchObject({
    ...{ name: 'net', kind: 'model', macs: Object.values(byHand).reduce((a, b) => a + b) },
    ...{ parameters: 224 + 144 + 160 + 136 + 45, metadata: { author: 'somebody' } },
    ...{
      operators: { Conv: 4, Relu: 1, Add: 1, Linear: 1 },
      unsupported: { wasm: [], 'tfjs-wasm': [], 'tfjs-cpu': [] },
    },
    groups: [{ name: 'block.c', units: 16, exact: true }],
  })
  expect(info.preprocess).toBeUndefined()
  expect(info.layers).toMatchObject([
    { name: 'stem', macs: byHand.stem, prunable: false, whyNot: 'before the first residual block' },
    {
      name: 'block.a',
      macs: byHand.a,
      prunable: true,
      shape: [16, 8, 1, 1],
      output: ['batch', 16, 4, 6],
      parameters: 144,
    },
    {
      name: 'block.b',
      macs: byHand.b,
      prunable: false,
      groups: 16,
      whyNot: 'depthwise: each output has one input channel',
    },
    { name: 'block.c', macs: byHand.c, prunable: true, rows: 8, cols: 16, sparsity: 0 },
    { name: 'head', macs: byHand.head, prunable: false, whyNot: 'after the last residual block', output: ['batch', 5] },
  ])
})

test('a size that the model leaves open is taken from the option; without it what depends on it is left out', async () => {
  const open = await inspected(network('height', 'width'))
  for (const absent of [open.macs, open.imageSize, open.layers[0].macs, open.layers[0].output]) {
    expect(absent).toBeUndefined()
  }
  expect(open.warnings).toEqual([expect.stringContaining('[batch, 3, height, width]')])
  const sized = await inspected(network('height', 'width'), '--image-size', '3x4x6')
  const fixed = await inspected(network(4, 6))
  expect(sized.imageSize).toEqual([3, 4, 6])
  expect([sized.macs, sized.layers]).toEqual([fixed.macs, fixed.layers])
  // one name for both sides
  expect((await inspected(network('side', 'side'), '--image-size', '3x4x4')).macs).toBeGreaterThan(0)
  // the model's own size counts
  const other = await inspected(network(4, 6), '--image-size', '3x9x6')
  expect(other.macs).toBe(fixed.macs)
  const unheeded = expect.stringMatching(/^--image-size 3x9x6 .*4, 6\]/)
  expect(other.warnings).toEqual([...fixed.warnings, unheeded])
  const half = await inspected(network(4, 'width'), '--image-size', '3x4x6')
  expect(half.warnings).toEqual([expect.stringContaining('[batch, 3, 4, width]')])
  const wrong = await runTaco('inspect', '--model', 'x', '--image-size', '3x4')
  expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringContaining('3x224x224')])
})

test('a bundle: zeros on purpose by layer, sizes of its files and of the parts of its weights', async () => {
  const dir = join(work, 'bundle')
  const graph = optimize(network(8, 8))
  const { weight } = prunableLayers(graph)[0]!
  const data = (graph.initializers.get(weight)!.tensor.data as Float32Array).map((v, i) => (i % 4 ? 0 : v))
  await writeBundle(dir, {
    graph: withInitializers(
      graph,
      new Map([[weight, { tensor: float32([16, 8, 1, 1], data), sparsity: { pattern: '1:4', nonzeros: 32 } }]]),
    ),
    preprocess: {
      ...{ inputSize: [3, 8, 8], interpolation: 'bilinear', cropPct: 0.9, cropMode: 'squash' },
      ...{ mean: [0, 0, 0], std: [1, 1, 1] },
    },
    labels: ['a', 'b', 'c', 'd', 'e'].map((name, index) => ({ index, name })),
    report: { model: { name: 'net' }, recipe: { seed: 1 } },
  })
  const info = JSON.parse((await runTaco('inspect', '--model', dir, '--json')).stdout)
  expect(info).toMatchObject({
    ...{ kind: 'bundle', labels: ['a', 'b', 'c', 'd', 'e'], preprocess: { cropMode: 'squash' }, warnings: [] },
    metadata: { 'taco.provenance': '{"model":{"name":"net"},"recipe":{"seed":1}}' },
  })
  const [, pruned, , dense, head] = info.layers
  expect(pruned).toMatchObject({ sparsity: 0.75, nonzeros: 32, pattern: '1:4' })
  expect(pruned.bytes.positions).toBeGreaterThan(0)
  expect(dense.bytes).toEqual({ values: expect.any(Number), positions: 0 })
  expect(head.bytes.values).toBeGreaterThan(100)
  for (const { name, bytes } of info.sizes.files) expect((await stat(join(dir, name))).size).toBe(bytes)
  const { values, positions, header } = info.sizes.weights
  expect(values + positions + header).toBe((await stat(join(dir, 'weights.taco'))).size)

  const short = await runTaco('inspect', '--model', dir)
  for (const text of [
    'prunable: 2 of 5 layers, 36.1 % of the parameters',
    '1 before the first residual block',
    'structured: 16 channels, hidden units or heads in 1 groups',
    'classes: 5, a, b, c, d, e',
    'runs on wasm',
  ]) {
    expect(short.stdout).toContain(text)
  }
  expect(short.stdout).toMatch(/^weights\.taco +[\d.]+ kB\n {2}values +[\d.]+ kB\n {2}positions/m)
  expect(short.stdout).not.toMatch(/^block\.a/m)
  const long = await runTaco('inspect', '--model', dir, '--layers')
  expect(long.stdout).toMatch(/^block\.a +Conv +16×8×1×1 +\[batch, 16, 8, 8\] +8192 +75\.0 % +1:4 .* yes /m)
})
