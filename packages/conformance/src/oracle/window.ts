import type { Node } from '@tacojs/graph'
import { ints, num, text } from './kernel.js'

/** One spatial axis of a convolution or pooling window. */
export interface Axis {
  readonly size: number
  readonly kernel: number
  readonly stride: number
  readonly dilation: number
  readonly begin: number
  readonly end: number
  readonly out: number
}

/** The axes of the window as ONNX states them for Conv and the pooling operators. */
export function axes(node: Node, spatial: readonly number[], kernel: readonly number[]): Axis[] {
  const ones = spatial.map(() => 1)
  const strides = ints(node, 'strides', ones)
  const dilations = ints(node, 'dilations', ones)
  const pads = ints(node, 'pads', [...ones, ...ones].fill(0))
  const auto = text(node, 'auto_pad', 'NOTSET')
  return spatial.map((size, i) => {
    const [stride, dilation] = [strides[i]!, dilations[i]!]
    const extent = dilation * (kernel[i]! - 1) + 1
    let [begin, end] = auto === 'NOTSET' ? [pads[i]!, pads[i + spatial.length]!] : [0, 0]
    if (auto.startsWith('SAME')) {
      const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + extent - size)
      const half = Math.floor(total / 2)
      ;[begin, end] = auto === 'SAME_UPPER' ? [half, total - half] : [total - half, half]
    }
    const steps = (size + begin + end - extent) / stride
    let out = Math.floor(steps) + 1
    if (num(node, 'ceil_mode', 0)) {
      out = Math.ceil(steps) + 1
      // a window that would begin in the padding at the end does not count
      if ((out - 1) * stride >= size + begin) out--
    }
    return { size, kernel: kernel[i]!, stride, dilation, begin, end, out }
  })
}

/** One axis that does nothing: lets 1-D windows be computed as 2-D ones of height 1. */
const flat: Axis = { size: 1, kernel: 1, stride: 1, dilation: 1, begin: 0, end: 0, out: 1 }

export const asPlane = (list: readonly Axis[]): [Axis, Axis] => {
  if (list.length > 2) throw new Error('windows of more than two dimensions are not in the vocabulary')
  return list.length === 1 ? [flat, list[0]!] : [list[0]!, list[1]!]
}
