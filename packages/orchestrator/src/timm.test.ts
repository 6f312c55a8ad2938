import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { channelGroups, float32, prunableLayers, type Graph, type Tensor } from '@tacojs/graph'
import { kernelsWasm } from '@tacojs/kernels-wasm'
import { encodeSafetensors, readSafetensors } from '@tacojs/model-io'
import { loadModel } from './model.js'

const backend = kernelsWasm()

const fixtures = fileURLToPath(new URL('../../../../shared/data/timm-fixtures/', import.meta.url))
const variants = existsSync(fixtures) ? readdirSync(fixtures).filter((name) => !name.endsWith('.json')) : []
if (variants.length === 0)
  test('weights of timm', () => console.info('left out: ../shared/data/timm-fixtures is not here'))

/** The first of a batch. */
const first = ({ shape, data }: Tensor): Tensor =>
  float32([1, ...shape.slice(1)], (data as Float32Array).slice(0, data.length / shape[0]!))

// tolerance as the fixtures state it; batches of two and of one
for (const name of variants) {
  test(`weights of timm: ${name} gives timm's logits`, async () => {
    const { graph } = await loadModel(`${fixtures}${name}/model.safetensors`)
    const { tensors } = await readSafetensors(`${fixtures}${name}/sample.safetensors`)
    const input = tensors.get('input')!
    const logits = tensors.get('logits')!
    const program = await backend.compile(graph)
    for (const [images, wanted] of [
      [input, logits],
      [first(input), first(logits)],
    ] as const) {
      const found = (await program.run({ input: images })).logits!
      const values = wanted.data as Float32Array
      const scale = values.reduce((max, v) => Math.max(max, Math.abs(v)), 1)
      expect(found.shape).toEqual(wanted.shape)
      expect(values.reduce((max, v, i) => Math.max(max, Math.abs(v - (found.data[i] as number))), 0)).toBeLessThan(
        2e-5 * scale,
      )
    }
    program.dispose()
  })
}

/** What can be pruned: layers by their sizes (names are the exporter's), and how many channels go together. */
const prunable = (graph: Graph) => ({
  layers: prunableLayers(graph).map(({ rows, cols, groups }) => [rows, cols, groups]),
  units: channelGroups(graph).map(({ units, exact }) => [units.length, exact]),
})

for (const name of variants) {
  test(`weights of timm: ${name} is pruned as its ONNX file is`, async () => {
    const [weights, exported] = ['model.safetensors', 'model.onnx'].map((file) =>
      loadModel(`${fixtures}${name}/${file}`),
    )
    expect(prunable((await weights!).graph)).toEqual(prunable((await exported!).graph))
  })
}

test('a folder with config.json and model.safetensors is a model, with its preprocessing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'taco-timm-'))
  try {
    const weights: Record<string, number[]> = {
      'conv1.weight': [4, 3, 7, 7],
      ...Object.fromEntries(['weight', 'bias', 'running_mean', 'running_var'].map((part) => [`bn1.${part}`, [4]])),
      'fc.weight': [2, 4],
      'fc.bias': [2],
    }
    const tensors = Object.entries(weights).map(([name, shape]): [string, Tensor] => {
      const size = shape.reduce((a, b) => a * b, 1)
      return [name, float32(shape, new Float32Array(size).fill(0.5))]
    })
    await writeFile(join(folder, 'model.safetensors'), encodeSafetensors(new Map(tensors)))
    const cfg = { input_size: [3, 8, 8], interpolation: 'bilinear', crop_pct: 0.5, mean: [0, 0, 0], std: [1, 1, 1] }
    const config = { architecture: 'resnet18', num_classes: 2, pretrained_cfg: cfg, label_names: ['a', 'b'] }
    await writeFile(join(folder, 'config.json'), JSON.stringify(config))
    const model = await loadModel(folder)
    expect(model).toMatchObject({ name: 'resnet18', preprocess: { cropPct: 0.5 }, warnings: [] })
    expect(model.labels?.map(({ name }) => name)).toEqual(['a', 'b'])
    expect(model.graph.inputs[0]!.shape).toEqual(['batch', 3, 8, 8])
    await rm(join(folder, 'config.json'))
    await expect(loadModel(folder)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  } finally {
    await rm(folder, { recursive: true })
  }
})
