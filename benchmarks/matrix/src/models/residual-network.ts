import type { Graph } from '@tacojs/graph'
import { createBuilder, type Builder, type ConvSpec } from './builder.js'

export interface ResidualNetworkSpec {
  readonly name: string
  readonly image: number
  /** Blocks per stage. */
  readonly blocks: readonly number[]
  /** Channels of the first stage; each further stage has twice as many. */
  readonly width: number
  /** Blocks of 1×1, 3×3 and 1×1 to four times the width, with the stride in the 3×3; else of two 3×3. */
  readonly bottleneck: boolean
  readonly classes: number
}

/** timm's ResNets, batch normalisation folded into the convolutions, as exporters write them. */
export function residualNetwork(spec: ResidualNetworkSpec): Graph {
  const { name, image, blocks, width, bottleneck, classes } = spec
  const b = createBuilder(name, image)
  const stem = b.conv(b.input, 'conv1', { from: 3, to: width, kernel: 7, stride: 2, pad: 3, gain: RELU })
  let x = b.op('MaxPool', [b.op('Relu', [stem])], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2] })
  let channels = width
  blocks.forEach((count, stage) => {
    const inner = width * 2 ** stage
    const outer = bottleneck ? 4 * inner : inner
    for (let i = 0; i < count; i++) {
      const stride = stage > 0 && i === 0 ? 2 : 1
      const layer = `layer${stage + 1}.${i}`
      const branch = bottleneck ? narrowing : plain
      const added = branch(b, x, layer, { from: channels, inner, outer, stride })
      const shortcut = { from: channels, to: outer, kernel: 1, stride }
      const skip = stride !== 1 || channels !== outer ? b.conv(x, `${layer}.downsample.0`, shortcut) : x
      x = b.op('Relu', [b.op('Add', [added, skip])])
      channels = outer
    }
  })
  const pooled = b.op('Flatten', [b.op('GlobalAveragePool', [x])], { axis: 1 })
  return b.finish(b.head(pooled, 'fc', channels, classes), classes)
}

/** A ReLU halves the second moment (He et al. 2015, eq. 10). */
const RELU = Math.SQRT2
/** The branch adds little to the skip, so that the logits of deep networks stay near 1. */
const LAST = 0.5

interface Branch {
  readonly from: number
  readonly inner: number
  readonly outer: number
  readonly stride: number
}

const relu = (b: Builder, x: string, layer: string, spec: ConvSpec): string =>
  b.op('Relu', [b.conv(x, layer, { ...spec, gain: RELU })])

function plain(b: Builder, x: string, layer: string, { from, inner, outer, stride }: Branch): string {
  const y = relu(b, x, `${layer}.conv1`, { from, to: inner, kernel: 3, stride, pad: 1 })
  return b.conv(y, `${layer}.conv2`, { from: inner, to: outer, kernel: 3, pad: 1, gain: LAST })
}

function narrowing(b: Builder, x: string, layer: string, { from, inner, outer, stride }: Branch): string {
  const narrow = relu(b, x, `${layer}.conv1`, { from, to: inner, kernel: 1 })
  const y = relu(b, narrow, `${layer}.conv2`, { from: inner, to: inner, kernel: 3, stride, pad: 1 })
  return b.conv(y, `${layer}.conv3`, { from: inner, to: outer, kernel: 1, gain: LAST })
}
