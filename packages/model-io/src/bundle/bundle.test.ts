import { float32, type Graph, type Initializer } from '@tacojs/graph'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  checkBundleTarget,
  decodeBundle,
  decodeWeights,
  encodeBundle,
  parseOnnx,
  readBundle,
  withWeights,
  writeBundle,
} from '../index.js'
import type { Bundle } from './bundle.js'

const weight = Float32Array.from({ length: 64 }, (_, i) => (i % 3 === 0 ? i + 1 : 0))
const initializers = new Map<string, Initializer>([
  ['w', { tensor: float32([8, 8], weight), sparsity: { pattern: 'unstructured', nonzeros: 22 } }],
  ['b', { tensor: float32([8], [1, 2, 3, 4, 5, 6, 7, 8]) }],
])
const graph: Graph = {
  name: 'specialist',
  inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 8] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 8] }],
  nodes: [{ name: 'fc', op: 'Gemm', domain: '', inputs: ['x', 'w', 'b'], outputs: ['y'], attributes: {} }],
  initializers,
}
const bundle: Bundle = {
  graph,
  preprocess: { size: [8] },
  labels: [
    { index: 0, name: 'a', wnid: 'n1' },
    { index: 1, name: 'b' },
  ],
  report: { top1: 0.5 },
}

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'bundle-'))))
afterEach(() => {
  chmodSync(folder, 0o755)
  rmSync(folder, { recursive: true })
})

test('a bundle is read as it was written, and written twice it is the same', async () => {
  const dir = join(folder, 'deep', 'out')
  await writeBundle(dir, bundle)
  expect(await readBundle(dir)).toEqual(bundle)
  const first = readFileSync(join(dir, 'manifest.json'))
  await writeBundle(dir, await readBundle(dir))
  expect(readFileSync(join(dir, 'manifest.json'))).toEqual(first)
  expect(readdirSync(dir).sort()).toEqual([
    'labels.json',
    'manifest.json',
    'model.onnx',
    'preprocess.json',
    'report.json',
    'weights.taco',
  ])
  expect(readdirSync(dirname(dir))).toEqual(['out'])
  const manifest = JSON.parse(first.toString()) as { files: Record<string, { sha256: string }> }
  const model = readFileSync(join(dir, 'model.onnx'))
  expect(manifest.files['model.onnx']!.sha256).toBe(createHash('sha256').update(model).digest('hex'))
})

test('weights.taco and a skeleton without weights give the model', () => {
  const files = encodeBundle(bundle)
  const whole = parseOnnx(files.get('model.onnx')!)
  const emptied = [...whole.initializers].map(([name, { tensor }]): [string, Initializer] => [
    name,
    { tensor: float32(tensor.shape, new Float32Array(tensor.data.length)) },
  ])
  const skeleton = { ...whole, initializers: new Map(emptied) }
  expect(withWeights(skeleton, decodeWeights(files.get('weights.taco')!))).toEqual(graph)
  const other = new Map(initializers).set('w', { tensor: float32([1], [1]) })
  expect(() => withWeights(skeleton, other)).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }))
  expect(() => withWeights(skeleton, new Map())).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }))
})

test('an empty folder is filled, a folder of other files and a file are left alone', async () => {
  const [empty, full, file] = ['empty', 'full', 'file'].map((name) => join(folder, name)) as [string, string, string]
  mkdirSync(empty)
  await writeBundle(empty, bundle)
  mkdirSync(full)
  writeFileSync(join(full, 'mine.txt'), 'x')
  writeFileSync(file, 'x')
  await expect(writeBundle(full, bundle)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(writeBundle(file, bundle)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(writeBundle(join(file, 'below'), bundle)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(readdirSync(folder).sort()).toEqual(['empty', 'file', 'full'])
})

test('the working directory is no place either where it holds something, however it is named', async () => {
  for (const here of ['', '.']) {
    await expect(checkBundleTarget(here)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  }
})

test('a graph that cannot be exported leaves what was there', async () => {
  const dir = join(folder, 'out')
  await writeBundle(dir, bundle)
  const nodes = [{ ...graph.nodes[0]!, op: 'Nothing', domain: 'ai.tacojs' as const }]
  await expect(writeBundle(dir, { ...bundle, graph: { ...graph, nodes } })).rejects.toMatchObject({ name: 'TacoError' })
  expect(await readBundle(dir)).toEqual(bundle)
  expect(readdirSync(folder)).toEqual(['out'])
})

test('any changed byte is found, a missing file is named', async () => {
  const files = encodeBundle(bundle)
  for (const [name, bytes] of files) {
    const damaged = bytes.slice()
    damaged[bytes.length >> 1]! ^= 4
    expect(() => decodeBundle(new Map(files).set(name, damaged))).toThrow(
      expect.objectContaining({ name: 'TacoError' }),
    )
    const without = new Map(files)
    without.delete(name)
    expect(() => decodeBundle(without)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
  }
  await expect(readBundle(folder)).rejects.toMatchObject({ code: 'NOT_FOUND' })
})
