import type { Tensor } from '@tacojs/graph'

/** The window of a 2-D convolution, ONNX attribute names. */
export interface Window {
  readonly kernel: readonly [number, number]
  readonly strides: readonly [number, number]
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number]
  readonly dilations: readonly [number, number]
}

/** Height and width of what the window makes of x [N, C, H, W]. */
export function outputSize(x: Tensor, { kernel, strides, pads, dilations }: Window): [number, number] {
  const size = (axis: 0 | 1): number =>
    Math.floor(
      (x.shape[2 + axis]! + pads[axis] + pads[axis + 2]! - dilations[axis] * (kernel[axis] - 1) - 1) / strides[axis],
    ) + 1
  return [size(0), size(1)]
}

/**
 * The patch that a convolution sees for one output position (a row of im2col), written to [at, at + channels·KH·KW) in
 * the weight's column order. Padding counts as zeros: those are samples too.
 *
 * @param patch x [N, C, H, W], of it one image and the channels from `first` on
 */
export function unfoldPosition(
  patch: {
    readonly x: Tensor
    readonly window: Window
    readonly image: number
    readonly first: number
    readonly channels: number
  },
  outY: number,
  outX: number,
  to: Float32Array,
  at: number,
): void {
  const { x, window, image, first, channels } = patch
  const [, all, height, width] = x.shape as [number, number, number, number]
  const [kh, kw] = window.kernel
  const [dh, dw] = window.dilations
  const [top, left] = [outY * window.strides[0] - window.pads[0], outX * window.strides[1] - window.pads[1]]
  const source = x.data as Float32Array
  for (let c = 0; c < channels; c++) {
    const plane = (image * all + first + c) * height * width
    for (let ky = 0; ky < kh; ky++) {
      const y = top + ky * dh
      const line = plane + y * width
      const inside = y >= 0 && y < height
      for (let kx = 0; kx < kw; kx++, at++) {
        const xx = left + kx * dw
        to[at] = inside && xx >= 0 && xx < width ? source[line + xx]! : 0
      }
    }
  }
}
