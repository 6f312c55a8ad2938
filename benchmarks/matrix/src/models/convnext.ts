import type { Graph } from '@tacojs/graph'
import { createBuilder, type Builder } from './builder.js'

export interface ConvNextSpec {
  readonly name: string
  readonly image: number
  /** Blocks and channels per stage. */
  readonly depths: readonly number[]
  readonly dims: readonly number[]
  readonly classes: number
}

/** timm's small ConvNeXts: MLPs as 1×1 convolutions, a scale per channel at the end of each branch. */
export function convNext({ name, image, depths, dims, classes }: ConvNextSpec): Graph {
  const b = createBuilder(name, image)
  let x = channelNorm(b, b.conv(b.input, 'stem.0', { from: 3, to: dims[0]!, kernel: 4, stride: 4 }), 'stem.1', dims[0]!)
  depths.forEach((depth, stage) => {
    const dim = dims[stage]!
    if (stage > 0) {
      const from = dims[stage - 1]!
      const downsample = `stages.${stage}.downsample`
      const normed = channelNorm(b, x, `${downsample}.0`, from)
      x = b.conv(normed, `${downsample}.1`, { from, to: dim, kernel: 2, stride: 2 })
    }
    for (let i = 0; i < depth; i++) x = block(b, x, `stages.${stage}.blocks.${i}`, dim)
  })
  const last = dims[dims.length - 1]!
  const pooled = channelNorm(b, b.op('GlobalAveragePool', [x]), 'head.norm', last)
  return b.finish(b.head(b.op('Flatten', [pooled], { axis: 1 }), 'head.fc', last, classes), classes)
}

function block(b: Builder, x: string, layer: string, dim: number): string {
  const spread = b.conv(x, `${layer}.conv_dw`, { from: dim, to: dim, kernel: 7, pad: 3, groups: dim })
  const normed = channelNorm(b, spread, `${layer}.norm`, dim)
  const hidden = b.gelu(b.conv(normed, `${layer}.mlp.fc1`, { from: dim, to: 4 * dim, kernel: 1 }))
  const mixed = b.conv(hidden, `${layer}.mlp.fc2`, { from: 4 * dim, to: dim, kernel: 1 })
  const scaled = b.op('Mul', [mixed, b.random(`${layer}.gamma`, [1, dim, 1, 1], 0.5)])
  return b.op('Add', [scaled, x])
}

/** LayerNormalization over the channels of [N, C, H, W]. */
function channelNorm(b: Builder, x: string, layer: string, size: number): string {
  const last = b.op('Transpose', [x], { perm: [0, 2, 3, 1] })
  return b.op('Transpose', [b.layerNorm(last, layer, size)], { perm: [0, 3, 1, 2] })
}
