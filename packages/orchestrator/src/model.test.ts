import { createHash } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGraph, float32, inferTypes, int64, node, type Node, type Tensor } from '@tacojs/graph'
import { decodeSafetensors, encodeSafetensors, exportOnnx } from '@tacojs/model-io'
import { batchSizeOf, loadGraph, loadModel } from './model.js'
import type { ProgressEvent } from './progress.js'
import { specialize } from './specialize.js'

let work: string
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'taco-model-'))
})
afterAll(() => rm(work, { recursive: true, force: true }))

/** A classifier exported for a number of images, that ends with the given nodes on [images, 3, 1, 1]. */
async function exported(name: string, last: Node[], images = 1): Promise<string> {
  const graph = createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: [images, 3, 4, 4] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: [images, 3] }],
    nodes: [node('GlobalAveragePool', ['x'], ['p']), ...last],
    initializers: { shape: int64([2], [images, 3]), bias: float32([3], [1, 2, 3]) },
  })
  const file = join(work, name)
  await writeFile(file, exportOnnx(graph))
  return file
}

test.each([1, 4])('a batch of %i is made free where nothing inside is fixed to it', async (images) => {
  const model = await loadModel(await exported('free.onnx', [node('Flatten', ['p'], ['y'])], images))
  expect(model.graph.inputs[0]!.shape).toEqual(['batch', 3, 4, 4])
  expect(inferTypes(model.graph).get('y')!.shape).toEqual(['batch', 3])
  expect(batchSizeOf(model.graph, 8)).toBe(8)
  expect(model.warnings).toHaveLength(1)
})

test.each([1, 4])('and one of %i stays where a shape is, and is then used', async (images) => {
  const model = await loadModel(await exported('fixed.onnx', [node('Reshape', ['p', 'shape'], ['y'])], images))
  expect(model.graph.inputs[0]!.shape[0]).toBe(images)
  expect(batchSizeOf(model.graph, 8)).toBe(images)
})

test('an ONNX file of any name says its preprocessing and labels', async () => {
  const graph = createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 3, 4, 4] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 3] }],
    nodes: [node('GlobalAveragePool', ['x'], ['p']), node('Flatten', ['p'], ['y'])],
  })
  const preprocess = {
    ...{ inputSize: [3, 4, 4], interpolation: 'bicubic', cropPct: 0.9, cropMode: 'center' },
    ...{ mean: [0, 0, 0], std: [1, 1, 1] },
  }
  const metadata = { 'taco.labels': '["a","b","c"]', 'taco.preprocess': JSON.stringify(preprocess) }
  for (const name of ['said', 'said.model', 'said.ONNX']) {
    await writeFile(join(work, name), exportOnnx(graph, { metadata }))
    const { labels, warnings, ...model } = await loadModel(join(work, name))
    expect([model.preprocess, labels?.map((label) => label.name), warnings]).toEqual([preprocess, ['a', 'b', 'c'], []])
  }
})

test('a model that stays fixed to several images is no one to specialize, which is said before anything is done', async () => {
  const model = await exported('fixed.onnx', [node('Reshape', ['p', 'shape'], ['y'])], 4)
  await expect(specialize({ model, data: 'no images' })).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('fixed to batches of 4'),
  })
})

test('preprocessing beside the file is read', async () => {
  const file = await exported('model.onnx', [node('Flatten', ['p'], ['y'])])
  const cfg = { input_size: [3, 4, 4], interpolation: 'bicubic', crop_pct: 0.5, mean: [0, 0, 0], std: [1, 1, 1] }
  const config = { architecture: 'tiny', num_classes: 3, pretrained_cfg: cfg }
  await writeFile(join(work, 'config.json'), JSON.stringify(config))
  for (const path of [file, work]) expect((await loadModel(path)).preprocess.cropPct).toBe(0.5)
})

/** The weights of a ResNet of one basic block, and its config. */
async function writeTimmModel(folder: string): Promise<void> {
  const tensors = new Map<string, Tensor>()
  const add = (name: string, shape: number[]): void => {
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => 0.1 + (i % 5) / 10)
    tensors.set(name, float32(shape, values))
  }
  const norm = (name: string): void =>
    ['weight', 'bias', 'running_mean', 'running_var'].forEach((part) => add(`${name}.${part}`, [4]))
  add('conv1.weight', [4, 3, 7, 7])
  norm('bn1')
  for (const i of [1, 2]) {
    add(`layer1.0.conv${i}.weight`, [4, 4, 3, 3])
    norm(`layer1.0.bn${i}`)
  }
  add('fc.weight', [2, 4])
  add('fc.bias', [2])
  const cfg = { input_size: [3, 8, 8], crop_pct: 0.5, mean: [0, 0, 0], std: [1, 1, 1], label_names: ['cat', 'dog'] }
  await mkdir(folder)
  await writeFile(join(folder, 'model.safetensors'), encodeSafetensors(tensors))
  const config = { architecture: 'resnet10t', num_classes: 2, pretrained_cfg: cfg }
  await writeFile(join(folder, 'config.json'), JSON.stringify(config))
}

test('a timm model of the hub: its graph, labels and preprocessing, and how far its download is', async () => {
  const folder = join(work, 'timm')
  await writeTimmModel(folder)
  const server = createServer((request, response) => {
    const name = /^\/timm\/tiny\/resolve\/[^/]+\/([\w.]+)$/.exec(request.url!)?.[1] ?? ''
    void readFile(join(folder, name)).then(
      (content) => {
        const etag = createHash('sha256').update(content).digest('hex')
        response.writeHead(200, {
          etag: `"${etag}"`,
          'x-repo-commit': 'c'.repeat(40),
          'content-length': content.length,
        })
        response.end(request.method === 'HEAD' ? undefined : content)
      },
      () => response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const environment = { ...process.env }
  try {
    process.env.HF_HUB_CACHE = join(work, 'cache')
    process.env.HF_ENDPOINT = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    delete process.env.HF_HUB_OFFLINE
    const events: ProgressEvent[] = []
    const model = await loadModel('hf-hub:timm/tiny', { onProgress: (event) => events.push(event) })
    expect(model).toEqual({ ...(await loadModel(folder)), path: 'hf-hub:timm/tiny' })
    expect(model.labels).toEqual([
      { index: 0, name: 'cat' },
      { index: 1, name: 'dog' },
    ])
    expect(events.at(-1)).toEqual({ stage: 'load', done: 1, total: 1, detail: 'MB of model.safetensors' })
    process.env.HF_HUB_OFFLINE = '1'
    expect(await loadGraph('hf-hub:timm/tiny')).toEqual(model.graph)
    await expect(loadModel('hf-hub:timm/other')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  } finally {
    process.env = environment
    server.closeAllConnections()
    server.close()
  }
})

test('weights in several files, by their index', async () => {
  const [whole, parts] = [join(work, 'whole'), join(work, 'parts')]
  await writeTimmModel(whole)
  await mkdir(parts)
  await copyFile(join(whole, 'config.json'), join(parts, 'config.json'))
  const { graph } = await loadModel(whole)
  const { tensors } = decodeSafetensors(await readFile(join(whole, 'model.safetensors')))
  const names = [...tensors.keys()]
  const files = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const
  const place = (name: string): string => files[names.indexOf(name) % 2]!
  for (const file of files) {
    const part = new Map([...tensors].filter(([name]) => place(name) === file))
    await writeFile(join(parts, file), encodeSafetensors(part))
  }
  const index = { weight_map: Object.fromEntries(names.map((name) => [name, place(name)])) }
  await writeFile(join(parts, 'model.safetensors.index.json'), JSON.stringify(index))
  expect((await loadModel(parts)).graph).toEqual(graph)
  expect((await loadModel(join(parts, 'model.safetensors.index.json'))).graph).toEqual(graph)
})
