import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGraph, expandFused, float32, node, optimize, type Graph } from '@tacojs/graph'
import { exportOnnx, importOnnx, onnxMetadata, readBundle, roundWeights, writeBundle } from '@tacojs/model-io'
import { runTaco } from '../testing/run-taco.js'

const random = (shape: number[], seed: number) =>
  float32(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i % 4 ? 0 : Math.sin(i * seed + 1))),
  )
const graphOf = (size: number | string): Graph =>
  createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 3, size, size] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 3] }],
    nodes: [
      node('Conv', ['x', 'conv'], ['c'], { attributes: { pads: [1, 1, 1, 1] } }),
      node('GlobalAveragePool', ['c'], ['p']),
      node('Flatten', ['p'], ['f']),
      node('Gemm', ['f', 'fc', 'bias'], ['y'], { attributes: { transB: 1 } }),
    ],
    initializers: { conv: random([100, 3, 3, 3], 1), fc: random([3, 100], 2), bias: random([3], 3) },
  })
const preprocess = {
  ...{ inputSize: [3, 8, 8], interpolation: 'bilinear', cropPct: 0.9, cropMode: 'squash' },
  ...{ mean: [0.1, 0.2, 0.3], std: [1, 1, 1] },
}

let work: string
let bundle: string
let model: string
beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), 'taco-export-'))
  bundle = join(work, 'specialist')
  model = join(work, 'model.onnx')
  await writeBundle(bundle, {
    graph: graphOf(8),
    preprocess,
    labels: ['a', 'b', 'c'].map((name, index) => ({ index, name })),
    report: { model: { name: 'vit' }, recipe: { seed: 3 }, nonzeros: 1 },
  })
  await writeFile(
    model,
    exportOnnx(graphOf('side'), { metadata: { author: 'somebody', 'taco.labels': '["x","y","z"]' } }),
  )
})
afterEach(() => rm(work, { recursive: true, force: true }))

const metadataOf = async (path: string) => Object.fromEntries(onnxMetadata(await readFile(path)))

test.each(['dense', 'sparse', 'fp16', 'int8'] as const)(
  'a bundle as %s: the same graph, and all that it says',
  async (weights) => {
    const out = join(work, 'out.onnx')
    const { status, stdout, stderr } = await runTaco('export', bundle, '--out', out, '--weights', weights, '--json')
    expect([status, stderr]).toEqual([0, ''])
    const bytes = (await readFile(out)).length
    expect(JSON.parse(stdout)).toEqual({
      ...{ model: 'specialist', out, weights, files: [{ name: 'out.onnx', bytes }], kept: [], warnings: [] },
    })
    const precision = weights === 'fp16' || weights === 'int8' ? weights : 'fp32'
    const expected = roundWeights(optimize(graphOf(8)), precision).graph
    expect(optimize(await importOnnx(out))).toEqual(optimize(expandFused(expected)))
    expect(await metadataOf(out)).toEqual({
      'taco.labels': '["a","b","c"]',
      'taco.preprocess': JSON.stringify(preprocess),
      'taco.provenance': JSON.stringify({ model: { name: 'vit' }, recipe: { seed: 3 }, weights }),
    })
    expect((await readdir(work)).sort()).toEqual(['model.onnx', 'out.onnx', 'specialist'])
  },
)

test('an exported bundle is a model with its labels and preprocessing, whatever its name', async () => {
  for (const name of ['out.onnx', 'out']) {
    const out = join(work, name)
    expect((await runTaco('export', '--model', bundle, '--out', out, '--quiet')).status).toBe(0)
    const inspected = await runTaco('inspect', out, '--json', '--quiet')
    expect(JSON.parse(inspected.stdout)).toMatchObject({ preprocess, labels: ['a', 'b', 'c'], warnings: [] })
  }
})

test('an ONNX file keeps its metadata; images of any size are taken; large weights lie beside it', async () => {
  const out = join(work, 'out.onnx')
  const args = ['export', model, '--out', out, '--external-data', '2000']
  const { status, stdout, stderr } = await runTaco(...args)
  expect([status, stderr]).toEqual([0, expect.stringMatching(/^warning: the model's first input is .*\n$/)])
  expect(stdout).toMatch(
    /^written: .*, weights dense: out\.onnx \([\d.]+ kB\) and out\.onnx\.\w+\.data \([\d.]+ kB\)\n$/,
  )
  expect(await importOnnx(out)).toEqual(expandFused(optimize(graphOf('side'))))
  expect(await metadataOf(out)).toEqual({
    author: 'somebody',
    'taco.labels': '["x","y","z"]',
    'taco.provenance': JSON.stringify({ model: { name: 'model' }, weights: 'dense' }),
  })
})

test('what is there is replaced only when that is asked for', async () => {
  const out = join(work, 'out.onnx')
  await writeFile(out, 'mine')
  const refused = await runTaco('export', bundle, '--out', out)
  expect(refused).toMatchObject({ status: 2, stdout: '' })
  expect(refused.stderr).toMatch(/^taco: .*out\.onnx' is there already; .*--force.* \[INVALID_ARGUMENT\]\n$/)
  expect(await readFile(out, 'utf8')).toBe('mine')
  expect((await runTaco('export', bundle, '--out', out, '--force')).status).toBe(0)
  expect(optimize(await importOnnx(out))).toEqual(optimize(expandFused(optimize(graphOf(8)))))
})

test('a bundle is never written into, whatever is forced', async () => {
  const before = await readBundle(bundle)
  for (const name of ['model.onnx', 'weights.taco', 'manifest.json']) {
    const { status, stdout, stderr } = await runTaco('export', bundle, '--out', join(bundle, name), '--force')
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^taco: '.*' belongs to a bundle; .* \[INVALID_ARGUMENT\]\n$/)
  }
  expect(await readBundle(bundle)).toEqual(before)
})

test('wrong use is one line and status 2, and leaves nothing', async () => {
  const folder = join(work, 'folder')
  await mkdir(folder)
  for (const [args, message] of [
    [[bundle, '--out', folder], /folder' is a folder; .* \[INVALID_ARGUMENT\]/],
    [[bundle, '--out', join(work, 'no', 'out.onnx')], /there is no folder '.*no'; make it first \[INVALID_ARGUMENT\]/],
    [[join(work, 'none'), '--out', join(work, 'o.onnx')], /there is no model .* \[NOT_FOUND\]/],
    [[bundle, '--out', join(work, 'o.onnx'), '--external-data', '-1'], /--external-data: .* \[INVALID_ARGUMENT\]/],
    [[bundle, '--out', join(work, 'o.onnx'), '--weights', 'int4'], /int4/],
    [[bundle], /--out/],
    [['--out', join(work, 'o.onnx')], /no model is given; .* \[INVALID_ARGUMENT\]/],
    [[bundle, '--model', model, '--out', join(work, 'o.onnx')], /two models are given, .* \[INVALID_ARGUMENT\]/],
  ] as const) {
    const { status, stdout, stderr } = await runTaco('export', ...args)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(message)
  }
  expect((await readdir(work)).sort()).toEqual(['folder', 'model.onnx', 'specialist'])
})
