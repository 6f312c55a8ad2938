import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { channelGroups, float32, optimize, removeUnits, totalCosts, withInitializers, type Graph } from '@tacojs/graph'
import { importOnnx } from '@tacojs/model-io'
import { openBackend } from '../backends.js'

const shared = fileURLToPath(new URL('../../../../../shared/data/', import.meta.url))
const backend = openBackend('wasm')

async function logits(graph: Graph): Promise<Float32Array> {
  const [input] = graph.inputs
  const shape = input!.shape.map((d) => (typeof d === 'number' ? d : 1))
  const size = shape.reduce((a, b) => a * b, 1)
  const image = float32(
    shape,
    Float32Array.from({ length: size }, (_, i) => Math.sin(i * 0.37) + Math.cos(i * 0.011)),
  )
  const program = await backend.compile(graph)
  try {
    return (await program.run({ [input!.name]: image }))[graph.outputs[0]!.name]!.data as Float32Array
  } finally {
    program.dispose()
  }
}

/** What real exporters write: units removed from all groups give what their columns set to zero give. */
test.each([
  ['timm-fixtures/vit_tiny', 4],
  ['timm-fixtures/deit_distilled', 4],
  ['timm-fixtures/vit_swiglu', 4],
  ['timm-fixtures/vit_relpos', 4],
  ['timm-fixtures/vit_parallel_rms', 4],
  ['timm-fixtures/vit_map', 6],
  ['timm-fixtures/eva02', 4],
  ['timm-fixtures/convnext_conv_mlp', 5],
  ['timm-fixtures/convnext_head_mlp', 5],
  ['timm-fixtures/resnet50', 8],
  ['timm-fixtures/seresnet', 8],
  ['timm-fixtures/resnext', 4],
  ['models/vit_tiny_patch16_224', 24],
  ['models/resnet18', 8],
])('%s has %i groups', async (name, count) => {
  for (const file of ['model.onnx', 'model.dynamo.onnx']) {
    const path = `${shared}${name}/${file}`
    if (!existsSync(path)) {
      console.info(`left out: ../shared/data/${name}/${file} is not here`)
      continue
    }
    const graph = optimize(await importOnnx(path))
    const groups = channelGroups(graph)
    expect(groups.length).toBe(count)
    let [silenced, smaller] = [graph, graph]
    for (const group of groups) {
      const { consumer, units } = group
      const gone = units.map((_, i) => i).filter((i) => i % 3 === 1)
      const columns = gone.flatMap((unit) => units[unit]!.columns)
      const { shape, data } = silenced.initializers.get(consumer.weight)!.tensor
      const weights = (data as Float32Array).slice()
      for (let row = 0; row < consumer.rows; row++) for (const j of columns) weights[row * consumer.cols + j] = 0
      silenced = withInitializers(silenced, new Map([[consumer.weight, float32(shape, weights)]]))
      smaller = removeUnits(smaller, group, gone)
      const [, ...left] = smaller.initializers.get(consumer.weight)!.tensor.shape
      expect(left.reduce((a, b) => a * b, 1)).toBe(consumer.cols - columns.length)
    }
    const [before, after] = [totalCosts(graph), totalCosts(smaller)]
    expect(after.macs).toBeLessThan(before.macs)
    expect(after.parameters).toBeLessThan(before.parameters)
    const [expected, got] = [await logits(silenced), await logits(smaller)]
    const scale = expected.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
    const worst = expected.reduce((most, v, i) => Math.max(most, Math.abs(v - got[i]!)), 0)
    expect(scale).toBeGreaterThan(0)
    // both in float32, summed in different orders
    expect(worst / scale).toBeLessThan(1e-4)
  }
})
