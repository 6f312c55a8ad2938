import type { Builder } from '../network.js'
import { convNorm, silu } from './parts.js'

/** Hu et al. 2018, figure 2: channels are scaled by a gate computed from their means. */
export function squeezeExcite(b: Builder, x: string, width: number, mean: 'GlobalAveragePool' | 'ReduceMean'): string {
  const { add, weight, longs } = b
  const means = mean === 'ReduceMean' ? add(mean, [x, longs(2, 3)], { keepdims: 1 }) : add(mean, [x])
  const squeezed = add('Relu', [add('Conv', [means, weight(3, width, 1, 1), weight(3)])])
  const gate = add('Sigmoid', [add('Conv', [squeezed, weight(width, 3, 1, 1), weight(width)])])
  return add('Mul', [x, gate])
}

/** Tan & Le 2019, table 1: MBConv with squeeze-excite; maps [B, 6, 7, 9]. */
export function invertedBottleneck(b: Builder): string {
  const expanded = silu(b, convNorm(b, 'x', 6, 24, { kernel: 1 }))
  const depthwise = silu(b, convNorm(b, expanded, 24, 24, { kernel: 3, group: 24 }))
  const gated = squeezeExcite(b, depthwise, 24, 'ReduceMean')
  return b.add('Add', [convNorm(b, gated, 24, 6, { kernel: 1 }), 'x'])
}

/** Howard et al. 2019: hard forms of the activations; strided, so without a residual. */
export function mobileBlock(b: Builder): string {
  const expanded = b.add('HardSwish', [convNorm(b, 'x', 6, 17, { kernel: 1 })])
  const depthwise = convNorm(b, expanded, 17, 17, { kernel: 5, stride: 2, group: 17 })
  const means = b.add('GlobalAveragePool', [depthwise])
  const squeezed = b.add('Relu', [b.add('Conv', [means, b.weight(5, 17, 1, 1), b.weight(5)])])
  const gate = b.add('HardSigmoid', [b.add('Conv', [squeezed, b.weight(17, 5, 1, 1)])], { alpha: 1 / 6, beta: 0.5 })
  const gated = b.add('HardSwish', [b.add('Mul', [gate, depthwise])])
  return convNorm(b, gated, 17, 8, { kernel: 1 })
}
