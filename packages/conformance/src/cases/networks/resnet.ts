import type { Builder } from '../network.js'
import { convNorm } from './parts.js'

/** He et al. 2016, figure 5 left: two 3×3; a strided 1×1 on the shortcut where the shape changes. */
export function basicBlock(b: Builder, x: string, from: number, to: number, stride: number): string {
  const inner = b.add('Relu', [convNorm(b, x, from, to, { kernel: 3, stride })])
  const main = convNorm(b, inner, to, to, { kernel: 3 })
  return b.add('Relu', [b.add('Add', [main, shortcut(b, x, from, to, stride)])])
}

/** Figure 5 right: 1×1, 3×3, 1×1; the stride in the 3×3. */
export function bottleneckBlock(b: Builder, x: string, from: number, to: number, stride: number): string {
  const reduced = b.add('Relu', [convNorm(b, x, from, to / 4, { kernel: 1 })])
  const inner = b.add('Relu', [convNorm(b, reduced, to / 4, to / 4, { kernel: 3, stride })])
  const main = convNorm(b, inner, to / 4, to, { kernel: 1 })
  return b.add('Relu', [b.add('Add', [main, shortcut(b, x, from, to, stride)])])
}

const shortcut = (b: Builder, x: string, from: number, to: number, stride: number): string =>
  from === to && stride === 1 ? x : convNorm(b, x, from, to, { kernel: 1, stride })

/** Images [B, 3, 31, 28]: stem, pooling, two stages, the second strided, and the head. */
export function resnet(b: Builder, block: typeof basicBlock): string {
  const { add, weight } = b
  const stem = add('Relu', [convNorm(b, 'x', 3, 8, { kernel: 7, stride: 2 })])
  let x = add('MaxPool', [stem], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] })
  for (const [from, to, stride] of [
    [8, 8, 1],
    [8, 12, 2],
    [12, 12, 1],
  ] as const)
    x = block(b, x, from, to, stride)
  const features = add('Flatten', [add('GlobalAveragePool', [x])], { axis: 1 })
  return add('Gemm', [features, weight(5, 12), weight(5)], { transB: 1 })
}
