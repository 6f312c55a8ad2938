import { copyFile, link, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGraph, float32, node } from '@tacojs/graph'
import { exportOnnx, readSafetensors, writeBundle, writeSafetensors } from '@tacojs/model-io'
import { runTensors } from './run-tensors.js'

const graph = createGraph({
  inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 2] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 2] }],
  nodes: [node('Neg', ['x'], ['y'])],
})

let work: string
let model: string
let input: string
let output: string
beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), 'taco-run-'))
  ;[model, input, output] = ['model.onnx', 'in.safetensors', 'out.safetensors'].map((name) => join(work, name))
  await writeFile(model, exportOnnx(graph))
  await writeSafetensors(input, new Map([['x', float32([1, 2], [1, -2])]]))
})
afterEach(() => rm(work, { recursive: true, force: true }))

const run = (more: object = {}) => runTensors({ model, input, output, backend: 'tfjs-cpu', ...more })

test('the outputs are written, and said; what is there is replaced only by force', async () => {
  expect(await run()).toEqual([{ name: 'y', dtype: 'float32', shape: [1, 2] }])
  expect([...(await readSafetensors(output)).tensors.get('y')!.data]).toEqual([-1, 2])
  await writeFile(output, 'mine')
  await expect(run()).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(/out\.safetensors' is there already; .*--force/),
  })
  expect(await readFile(output, 'utf8')).toBe('mine')
  await run({ force: true })
  expect([...(await readSafetensors(output)).tensors.get('y')!.data]).toEqual([-1, 2])
})

test('the model and the input are never written over, by whatever name', async () => {
  const other = join(work, 'other')
  await link(input, other)
  const folder = join(work, 'folder')
  await mkdir(folder)
  await copyFile(model, join(folder, 'model.onnx'))
  for (const [more, what] of [
    [{ output: model }, 'is the model'],
    [{ model: folder, output: join(folder, 'model.onnx') }, 'is the model'],
    [{ output: join(work, '..', work.split('/').at(-1)!, 'in.safetensors') }, 'is the input'],
    [{ output: other }, 'is the input'],
  ] as const) {
    const before = await readFile(more.output)
    await expect(run({ ...more, force: true })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(what),
    })
    expect(await readFile(more.output)).toEqual(before)
  }
})

test("nor is a bundle's file; and a folder that is missing is said before anything is run", async () => {
  const bundle = join(work, 'bundle')
  await writeBundle(bundle, { graph, preprocess: {}, labels: [], report: null })
  const failing = (place: string) => run({ model: bundle, output: join(work, place), force: true })
  await expect(failing('bundle/weights.taco')).rejects.toThrow('belongs to a bundle')
  await expect(failing('bundle')).rejects.toThrow('is a folder')
  await writeFile(join(work, 'file'), '')
  await expect(failing('file/out.safetensors')).rejects.toThrow(/there is no folder '.*file'/)
  await expect(failing('none/out.safetensors')).rejects.toThrow(/there is no folder '.*none'; make it first/)
})
