import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { optimize, prunableLayers, restrictHead, type Graph, type Tensor } from '@tacojs/graph'
import { tfjs } from '@tacojs/kernels-tfjs'
import { importOnnx, readSafetensors } from '@tacojs/model-io'
import { root } from './packages.js'

const folder = join(root, '../shared/data/timm-fixtures')
const names = existsSync(folder) ? readdirSync(folder).filter((name) => !name.includes('.')) : []
if (names.length === 0) console.info('skipped: ../shared/data/timm-fixtures is missing')

/** What some networks come down to after the passes, from either exporter, and how many layers are pruned. */
const expected: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  vit_tiny: { Attention: 2, Linear: 9, LayerNormalization: 5, Gelu: 2, pruned: 8 },
  deit_distilled: { Attention: 2, Linear: 10, LayerNormalization: 5, Gelu: 2, pruned: 8 },
  vit_dinov2_reg_ls: { Attention: 2, Linear: 9, LayerNormalization: 5, Gelu: 2, LayerScale: 4, pruned: 8 },
  vit_relpos: { Attention: 2, Linear: 9, LayerNormalization: 5, Gelu: 2, LayerScale: 4, pruned: 8 },
  resnet18: { Conv: 13, Linear: 1, BatchNormalization: 0, pruned: 12 },
  seresnet: { Conv: 26, Linear: 1, pruned: 15 },
  convnext: { Conv: 9, Linear: 11, LayerNormalization: 10, Gelu: 5, Gather: 0, pruned: 13 },
  convnext_head_mlp: { Conv: 9, Linear: 12, LayerNormalization: 10, Gelu: 6, pruned: 13 },
}

const backend = tfjs({ engine: 'wasm' })

async function logitsOf(graph: Graph, input: Tensor): Promise<Tensor> {
  const program = await backend.compile(graph)
  try {
    return (await program.run({ [graph.inputs[0]!.name]: input }))[graph.outputs[0]!.name]!
  } finally {
    program.dispose()
  }
}

const cases = names.flatMap((name) => ['model.onnx', 'model.dynamo.onnx'].map((file) => `${name}/${file}`))

test('the fixtures are run, or said to be missing', () => {
  expect(cases.length === 0 || cases.length > 70).toBe(true)
})

if (cases.length > 0) {
  test.each(cases)('%s: its logits, and those of a restricted head', async (path) => {
    const [name] = path.split('/') as [string]
    const graph = optimize(await importOnnx(join(folder, path)))
    const { tensors } = await readSafetensors(join(folder, name, 'sample.safetensors'))
    const [input, wanted] = [tensors.get('input')!, tensors.get('logits')!]
    const data = wanted.data as Float32Array
    const range = Math.max(...data.map(Math.abs))
    const got = await logitsOf(graph, input)
    data.forEach((v, i) => expect(Math.abs(v - (got.data as Float32Array)[i]!) / range).toBeLessThan(1e-5))

    const kept = [3, 0, 5]
    const some = await logitsOf(restrictHead(graph, kept), input)
    const classes = wanted.shape[1]!
    ;(some.data as Float32Array).forEach((v, i) => {
      const original = data[Math.floor(i / kept.length) * classes + kept[i % kept.length]!]!
      expect(Math.abs(v - original) / range).toBeLessThan(1e-5)
    })

    for (const [op, count] of Object.entries(expected[name] ?? {})) {
      const found = op === 'pruned' ? prunableLayers(graph).length : graph.nodes.filter((n) => n.op === op).length
      expect([op, found]).toEqual([op, count])
    }
  })
}
