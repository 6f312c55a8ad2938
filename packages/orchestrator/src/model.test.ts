import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGraph, float32, inferTypes, int64, node, type Node } from '@tacojs/graph'
import { exportOnnx } from '@tacojs/model-io'
import { batchSizeOf, loadModel } from './model.js'

let work: string
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'taco-model-'))
})
afterAll(() => rm(work, { recursive: true, force: true }))

/** A classifier exported for one image, that ends with the given nodes on [1, 3, 1, 1]. */
async function exported(name: string, last: Node[]): Promise<string> {
  const graph = createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: [1, 3, 4, 4] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: [1, 3] }],
    nodes: [node('GlobalAveragePool', ['x'], ['p']), ...last],
    initializers: { shape: int64([2], [1, 3]), bias: float32([3], [1, 2, 3]) },
  })
  const file = join(work, name)
  await writeFile(file, exportOnnx(graph))
  return file
}

test('a batch of one is made free where nothing inside is fixed to it', async () => {
  const model = await loadModel(await exported('free.onnx', [node('Flatten', ['p'], ['y'])]))
  expect(model.graph.inputs[0]!.shape).toEqual(['batch', 3, 4, 4])
  expect(inferTypes(model.graph).get('y')!.shape).toEqual(['batch', 3])
  expect(batchSizeOf(model.graph, 8)).toBe(8)
  expect(model.warnings).toHaveLength(1)
})

test('and stays where a shape is, and is then used', async () => {
  const model = await loadModel(await exported('fixed.onnx', [node('Reshape', ['p', 'shape'], ['y'])]))
  expect(model.graph.inputs[0]!.shape[0]).toBe(1)
  expect(batchSizeOf(model.graph, 8)).toBe(1)
})

test('preprocessing beside the file is read', async () => {
  const file = await exported('model.onnx', [node('Flatten', ['p'], ['y'])])
  const cfg = { input_size: [3, 4, 4], interpolation: 'bicubic', crop_pct: 0.5, mean: [0, 0, 0], std: [1, 1, 1] }
  const config = { architecture: 'tiny', num_classes: 3, pretrained_cfg: cfg }
  await writeFile(join(work, 'config.json'), JSON.stringify(config))
  for (const path of [file, work]) expect((await loadModel(path)).preprocess.cropPct).toBe(0.5)
})
