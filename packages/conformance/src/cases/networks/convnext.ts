import type { Builder } from '../network.js'
import { dense, gelu, layerNorm, own, type Form } from './parts.js'

/** Liu et al. 2022, figure 4: depthwise 7×7, LayerNorm and MLP in channels-last order, layer scale. */
export function convnextBlock(b: Builder, form: Form, x: string, width: number): string {
  const { add, weight } = b
  const depthwise = add('Conv', [x, weight(width, 1, 7, 7), weight(width)], { group: width, pads: [3, 3, 3, 3] })
  const last = add('Transpose', [depthwise], { perm: [0, 2, 3, 1] })
  const hidden = gelu(b, form, dense(b, form, layerNorm(b, last, width), width, 4 * width))
  const out = dense(b, form, hidden, 4 * width, width)
  const gamma = weight(width)
  const scaled = form === 'own' ? add('LayerScale', [out, gamma], {}, own) : add('Mul', [out, gamma])
  return add('Add', [x, add('Transpose', [scaled], { perm: [0, 3, 1, 2] })])
}

/** Images [B, 3, 20, 28]: patches of 4, a block, LayerNorm over channels and a 2×2 downsampling, a block, the head. */
export function convnext(b: Builder, form: Form): string {
  const { add, weight, longs } = b
  const overChannels = (x: string, width: number): string =>
    add('Transpose', [layerNorm(b, add('Transpose', [x], { perm: [0, 2, 3, 1] }), width)], { perm: [0, 3, 1, 2] })
  const strided = (x: string, from: number, to: number, size: number): string =>
    add('Conv', [x, weight(to, from, size, size), weight(to)], { strides: [size, size] })
  const first = convnextBlock(b, form, overChannels(strided('x', 3, 6, 4), 6), 6)
  const second = convnextBlock(b, form, strided(overChannels(first, 6), 6, 8, 2), 8)
  const pooled = add('ReduceMean', [second, longs(-1, -2)], { keepdims: 1 })
  const features = layerNorm(b, add('Flatten', [pooled], { axis: 1 }), 8)
  return add('Gemm', [features, weight(5, 8), weight(5)], { transB: 1 })
}
