import { numberAttribute, windowOf, type Node } from '@tacojs/graph'
import { type Call } from '../kernel.js'
import { asNhwc, asRow, type TfTensor, type Value } from '../value.js'

export type Pads = [[number, number], [number, number], [number, number], [number, number]]

/** Where a convolution or pool looks: always two spatial dimensions; one is seen as height 1. */
export interface Window {
  readonly kernel: [number, number]
  readonly strides: [number, number]
  readonly dilations: [number, number]
  /** Per dimension N, H, W, C: before and after. */
  readonly pads: Pads
  /** How far `ceil_mode` lets the last window reach beyond the pads, for H and W. */
  readonly extra: [number, number]
}

/** x [n, c, l] as [n, 1, l, c]. */
export function inNhwc(call: Call, x: Value): TfTensor {
  const [n, c, l] = x.shape as [number, number, number]
  return asNhwc(call.tf, {
    ...x,
    host: undefined,
    tensor: call.tf.reshape(asRow(call.tf, x), [n, c, 1, l]),
    shape: [n, c, 1, l],
  })
}

/** The window of a node for an input of shape [n, c, spatial...]. */
export function windowFor(node: Node, shape: readonly number[], kernelShape: readonly number[]): Window {
  const spatial = shape.slice(2)
  const rank = spatial.length
  const { kernel, strides, pads, dilations } = windowOf(node, spatial, kernelShape)
  const begins = pads.slice(0, rank)
  const ends = pads.slice(rank)
  const extra = spatial.map((size, i) => {
    if (numberAttribute(node, 'ceil_mode', 0) === 0) return 0
    const reach = (kernel[i]! - 1) * dilations[i]! + 1
    let windows = Math.ceil((size + begins[i]! + ends[i]! - reach) / strides[i]!) + 1
    // A window that would begin in the padding at the end is left out.
    if ((windows - 1) * strides[i]! >= size + begins[i]!) windows--
    return Math.max(0, (windows - 1) * strides[i]! + reach - (size + begins[i]! + ends[i]!))
  })
  const two = (values: readonly number[], height: number): [number, number] =>
    rank === 1 ? [height, values[0]!] : [values[0]!, values[1]!]
  const [top, left] = two(begins, 0)
  const [bottom, right] = two(ends, 0)
  return {
    kernel: two(kernel, 1),
    strides: two(strides, 1),
    dilations: two(dilations, 1),
    pads: [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ],
    extra: two(extra, 0),
  }
}
