import type { Attribute } from '@tacojs/graph'

/** Attributes of a window with equal sides and pads. */
export const square = (kernel: number, stride: number, pad: number): Readonly<Record<string, Attribute>> => ({
  kernel_shape: [kernel, kernel],
  strides: [stride, stride],
  pads: [pad, pad, pad, pad],
})
