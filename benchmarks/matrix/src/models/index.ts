import { join } from 'node:path'
import { optimize, type Graph } from '@tacojs/graph'
import { importOnnx } from '@tacojs/model-io'
import { generalistFolder } from '@tacojs/samples'
import { convNext } from './convnext.js'
import { residualNetwork } from './residual-network.js'
import { visionTransformer } from './vision-transformer.js'

const imageNet = { image: 224, classes: 1000 }

const builders: Readonly<Record<string, () => Graph | Promise<Graph>>> = {
  deit_tiny: () => visionTransformer({ name: 'deit_tiny', ...imageNet, patch: 16, dim: 192, depth: 12, heads: 3 }),
  resnet18: () =>
    residualNetwork({ name: 'resnet18', ...imageNet, blocks: [2, 2, 2, 2], width: 64, bottleneck: false }),
  resnet50: () => residualNetwork({ name: 'resnet50', ...imageNet, blocks: [3, 4, 6, 3], width: 64, bottleneck: true }),
  convnext_atto: () => convNext({ name: 'convnext_atto', ...imageNet, depths: [2, 2, 6, 2], dims: [40, 80, 160, 320] }),
  sample: () => importOnnx(join(generalistFolder, 'model.onnx')),
}

export const modelNames: readonly string[] = Object.keys(builders)

/** A dense network: as exporters write it, for the peers, and optimized, for our backends and for pruning. */
export async function buildModel(name: string): Promise<{ exported: Graph; graph: Graph }> {
  const exported = await builders[name]!()
  return { exported, graph: optimize(exported) }
}
