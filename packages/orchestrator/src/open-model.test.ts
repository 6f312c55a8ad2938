import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isTacoError } from '@tacojs/errors'
import { createGraph, node } from '@tacojs/graph'
import { exportOnnx, writeBundle, type JsonValue } from '@tacojs/model-io'
import { writeSampleTask } from '@tacojs/samples'
import { classifyImages } from './classify-images.js'
import { inspectModel } from './inspect-model.js'
import { loadModel } from './model.js'
import { openModel } from './open-model.js'

let work: string
let image: string
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'taco-open-'))
  const { test } = await writeSampleTask(join(work, 'task'), { trainPerClass: 1, testPerClass: 1 })
  image = join(test, 'striped_star/000.png')
})
afterAll(() => rm(work, { recursive: true, force: true }))

const graph = createGraph({
  inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 3, 8, 8] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 3] }],
  nodes: [node('GlobalAveragePool', ['x'], ['p']), node('Flatten', ['p'], ['y'])],
})
const good = {
  ...{ inputSize: [3, 8, 8], interpolation: 'bicubic', cropPct: 0.9, cropMode: 'center' },
  ...{ mean: [0, 0, 0], std: [1, 1, 1] },
}
const labels = ['a', 'b', 'c'].map((name, index) => ({ index, name }))

const strange: JsonValue[] = [null, true, -1, 0, 1e300, '', '__proto__', [], [null, null, null], [1, 1, 0], {}]

test('whatever a bundle says of its preprocessing, it is inspected, and classifies or ends in a typed error', async () => {
  const dir = join(work, 'bundle')
  const run = async (preprocess: JsonValue): Promise<void> => {
    await writeBundle(dir, { graph, preprocess, labels, report: null })
    await inspectModel(dir)
    const [row] = await classifyImages([image], { model: dir, backend: 'tfjs-cpu' })
    expect(row!.top).toHaveLength(3)
  }
  await run(good)
  let refused = 0
  for (const field of Object.keys(good)) {
    for (const value of strange) {
      await run({ ...good, [field]: value }).catch((error: unknown) => {
        expect(error).toMatchObject({ name: 'TacoError', message: expect.stringContaining(field) })
        refused++
      })
    }
  }
  expect(refused).toBeGreaterThan(6 * strange.length - 6)
  for (const value of strange.filter((v) => JSON.stringify(v) !== '{}')) {
    const error = await run(value).catch((reason: unknown) => reason)
    expect(isTacoError(error)).toBe(true)
  }
})

test('what an ONNX file says in our words is believed where it has the right form', async () => {
  const write = async (metadata: Record<string, string>): Promise<string> => {
    const path = join(work, 'said.onnx')
    await writeFile(path, exportOnnx(graph, { metadata }))
    return path
  }
  const said = await write({ 'taco.labels': '["a","b","c"]', 'taco.preprocess': JSON.stringify(good), author: 'me' })
  expect(await loadModel(said)).toMatchObject({ name: 'said', labels, preprocess: good, warnings: [] })
  const opened = await openModel(said)
  expect(opened).toMatchObject({ kind: 'model', labels, preprocess: good })
  expect(opened.metadata.get('author')).toBe('me')
  for (const text of ['', 'null', '{}', '[1,2]', JSON.stringify({ ...good, mean: null })]) {
    const path = await write({ 'taco.labels': text, 'taco.preprocess': text })
    const { preprocess, assumed, labels: none } = await loadModel(path)
    expect([preprocess.cropPct, assumed, none]).toEqual([0.875, true, undefined])
    expect((await openModel(path)).preprocess).toBeUndefined()
  }
})
