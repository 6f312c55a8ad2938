import { optimize, prunableLayers, totalCosts, type Graph } from '@tacojs/graph'
import { openBackend } from '@tacojs/orchestrator'
import { createRandom, randomTensor } from '../random.js'
import { convNext } from './convnext.js'
import { buildModel } from './index.js'
import { residualNetwork } from './residual-network.js'
import { visionTransformer } from './vision-transformer.js'

// parameters and multiply-accumulates of timm's models; a folded batch normalisation leaves a bias per channel
test.each([
  ['deit_tiny', 5_717_416, 1.25, 48],
  ['resnet18', 11_689_512 - 4800, 1.81, 19],
  ['resnet50', 25_557_032 - 26560, 4.09, 52],
  ['convnext_atto', 3_695_520, 0.55, 27],
])('%s has the published size', async (name, parameters, gigaMacs, layers) => {
  const { graph } = await buildModel(name)
  const costs = totalCosts(graph)
  expect(costs.parameters).toBe(parameters)
  expect(costs.macs / 1e9).toBeCloseTo(gigaMacs, 2)
  expect(prunableLayers(graph)).toHaveLength(layers)
})

const small = { name: 'small', image: 32, classes: 5 }
const families: Readonly<Record<string, Graph>> = {
  visionTransformer: visionTransformer({ ...small, patch: 16, dim: 8, depth: 2, heads: 2 }),
  residualNetwork: residualNetwork({ ...small, blocks: [1, 2], width: 4, bottleneck: false }),
  bottlenecks: residualNetwork({ ...small, blocks: [2, 1], width: 4, bottleneck: true }),
  convNext: convNext({ ...small, depths: [1, 1], dims: [4, 8] }),
}

async function logits(graph: Graph): Promise<Float32Array> {
  const program = await openBackend('tfjs-cpu').compile(graph)
  const outputs = await program.run({ input: randomTensor(createRandom(3), [2, 3, 32, 32]) })
  program.dispose()
  return outputs[graph.outputs[0]!.name]!.data as Float32Array
}

test.each(Object.keys(families))(
  '%s: optimized it computes the same, logits near 1 that the image decides',
  async (name) => {
    const exported = families[name]!
    const [plain, optimized] = [await logits(exported), await logits(optimize(exported))]
    expect(plain).toHaveLength(10)
    plain.forEach((v, i) => expect(optimized[i]).toBeCloseTo(v, 4))
    expect(Math.max(...plain.map(Math.abs))).toBeLessThan(10)
    expect(plain.slice(0, 5)).not.toEqual(plain.slice(5))
  },
)

test('what exporters write is recognised', () => {
  const fused = (name: string): string[] =>
    [
      ...new Set(
        optimize(families[name]!)
          .nodes.filter((n) => n.domain === 'ai.tacojs')
          .map((n) => n.op),
      ),
    ].sort()
  expect(fused('visionTransformer')).toEqual(['Attention', 'ExpandBatch', 'Gelu', 'Linear'])
  expect(fused('convNext')).toEqual(['Gelu', 'Linear'])
  expect(fused('residualNetwork')).toEqual(['Linear'])
})
