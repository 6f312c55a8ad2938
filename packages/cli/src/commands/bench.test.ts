import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGraph, node, type Graph } from '@tacojs/graph'
import { exportOnnx, writeBundle } from '@tacojs/model-io'
import { runTaco } from '../testing/run-taco.js'

let work: string
let model: string
const graph: Graph = createGraph({
  inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 3, 8, 8] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 3] }],
  nodes: [node('GlobalAveragePool', ['x'], ['p']), node('Flatten', ['p'], ['y'])],
})

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'taco-cli-bench-'))
  model = join(work, 'pool.onnx')
  await writeFile(model, exportOnnx(graph))
})
afterAll(() => rm(work, { recursive: true, force: true }))

test('one JSON object, and progress on stderr', async () => {
  const args = ['--model', model, '--backend', 'tfjs-cpu', '--threads', '2', '--batch', '3', '--runs', '4']
  const { status, stdout, stderr } = await runTaco('bench', ...args, '--json')
  expect(status).toBe(0)
  const result = JSON.parse(stdout)
  expect(result).toMatchObject({ model: 'pool', backend: 'tfjs-cpu', threads: 2, batch: 3, runs: 4 })
  expect(result.minMs).toBeGreaterThan(0)
  expect(result.medianMs).toBeGreaterThanOrEqual(result.minMs)
  expect(result.firstRunMs).toBeGreaterThan(0)
  expect(result.imagesPerSecond).toBeCloseTo(3000 / result.medianMs, 6)
  for (const stage of ['load model', 'measure latency']) expect(stderr).toContain(stage)
})

test('a bundle, as a table', async () => {
  const bundle = join(work, 'bundle')
  const preprocess = { inputSize: [3, 8, 8], interpolation: 'bicubic', cropPct: 1, cropMode: 'center' }
  const labels = ['a', 'b', 'c'].map((name, index) => ({ index, name }))
  await writeBundle(bundle, {
    graph,
    preprocess: { ...preprocess, mean: [0, 0, 0], std: [1, 1, 1] },
    labels,
    report: {},
  })
  const { status, stdout, stderr } = await runTaco('bench', '--model', bundle, '--runs', '1', '--quiet')
  expect([status, stderr]).toEqual([0, ''])
  const lines = stdout.trimEnd().split('\n')
  expect(lines[0]).toMatch(/^bundle +wasm, 1 thread, batch 1, 1 run$/)
  expect(lines.slice(2).map((line) => line.split('  ')[0])).toEqual([
    'median',
    'minimum',
    'compile and first run',
    'throughput',
  ])
})

test('wrong use is one line and status 2', async () => {
  const missing = await runTaco('bench', '--model', join(work, 'none.onnx'), '--quiet')
  expect(missing).toMatchObject({ status: 2, stdout: '' })
  expect(missing.stderr).toMatch(/^taco: .*none\.onnx.* \[NOT_FOUND\]\n$/)
  expect((await runTaco('bench', '--model', model, '--runs', '0')).stderr).toContain("'0' is less than 1")
  const huge = await runTaco('bench', model, '--batch', '1e9', '--quiet')
  expect([huge.status, huge.stderr]).toEqual([2, expect.stringMatching(/^taco: --batch is 1000000000.*1 GiB.*\n$/)])
})

test('Ctrl-C ends it with 130', async () => {
  setTimeout(() => process.emit('SIGINT'), 100)
  const { status, stdout } = await runTaco('bench', '--model', model, '--runs', '100000000', '--quiet')
  expect([status, stdout]).toEqual([130, ''])
})
