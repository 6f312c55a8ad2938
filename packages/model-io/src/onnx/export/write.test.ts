import { createGraph, float32, node, type Graph } from '@tacojs/graph'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportOnnx } from '../export.js'
import { importOnnx } from '../import.js'
import { decodeModel } from '../proto.js'
import { writeOnnx } from './write.js'

const weights = (seed: number) =>
  float32(
    [40, 30],
    Float32Array.from({ length: 1200 }, (_, i) => Math.sin(i * seed)),
  )
const graphOf = (seed: number): Graph =>
  createGraph({
    name: 'model',
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 40] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 40] }],
    nodes: [
      node('MatMul', ['x', 'a'], ['h']),
      node('Add', ['h', 'b'], ['i']),
      node('Gemm', ['i', 'c'], ['y'], { attributes: { transB: 1 } }),
    ],
    initializers: { a: weights(seed), b: float32([30], new Float32Array(30)), c: weights(seed + 1) },
  })

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'onnx-'))))
afterEach(() => {
  chmodSync(folder, 0o755)
  rmSync(folder, { recursive: true })
})

test('below the limit one file, with the bytes of exportOnnx', async () => {
  const path = join(folder, 'model.onnx')
  const { files } = await writeOnnx(path, graphOf(1), { metadata: { a: 'b' } })
  const bytes = exportOnnx(graphOf(1), { metadata: { a: 'b' } })
  expect(files).toEqual([{ name: 'model.onnx', bytes: bytes.length }])
  expect(readdirSync(folder)).toEqual(['model.onnx'])
  expect(new Uint8Array(readFileSync(path))).toEqual(bytes)
})

test('above it large tensors lie in a file beside it, at whole pages, and come back', async () => {
  const path = join(folder, 'model.onnx')
  const { files } = await writeOnnx(path, graphOf(1), { externalData: 5000 })
  expect(files.map((f) => f.name)).toEqual([
    'model.onnx',
    expect.stringMatching(/^model\.onnx\.[0-9a-f]{16}\.data$/) as unknown as string,
  ])
  expect(files[1]!.bytes).toBe(8192 + 4800)
  for (const { name, bytes } of files) expect(statSync(join(folder, name)).size).toBe(bytes)
  const { initializer } = decodeModel(readFileSync(path)).graph!
  expect(initializer!.map((t) => [t.name, t.externalData?.find((e) => e.key === 'offset')?.value])).toEqual([
    ['a', '0'],
    ['b', undefined],
    ['c', '8192'],
  ])
  expect(await importOnnx(path)).toEqual(graphOf(1))
})

test('a model that is written again takes its old data away, and that of others not', async () => {
  const path = join(folder, 'model.onnx')
  writeFileSync(join(folder, 'model.onnx.0123456789abcdef.data'), 'of somebody else')
  await writeOnnx(path, graphOf(1), { externalData: 0 })
  const first = readdirSync(folder)
  await writeOnnx(path, graphOf(1), { externalData: 0 })
  expect(readdirSync(folder)).toEqual(first)
  await writeOnnx(path, graphOf(3), { externalData: 0 })
  expect(readdirSync(folder)).toHaveLength(3)
  expect(await importOnnx(path)).toEqual(graphOf(3))
  await writeOnnx(path, graphOf(3))
  expect(readdirSync(folder).sort()).toEqual(['model.onnx', 'model.onnx.0123456789abcdef.data'])
})

test('a folder that does not exist is an IO error, and nothing is left of what failed', async () => {
  for (const externalData of [0, 1e9]) {
    await expect(writeOnnx(join(folder, 'no', 'm.onnx'), graphOf(1), { externalData })).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringMatching(externalData ? /there is no folder '.*no'; make it first$/ : /no/),
    })
  }
  // the model cannot take the place of a folder
  await expect(writeOnnx(folder, graphOf(1), { externalData: 0 })).rejects.toMatchObject({ code: 'IO' })
  expect(readdirSync(folder)).toEqual([])
})
