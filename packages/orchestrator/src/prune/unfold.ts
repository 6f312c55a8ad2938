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

/** Writes what a convolution sees, from one channel of an image on, for some output positions: see `unfolding`. */
export type Unfold = (image: number, first: number, positions: Int32Array, to: Float32Array) => void

/**
 * The patches that a convolution over so many channels of x [N, C, H, W] sees (rows of im2col), each [channels·KH·KW] in
 * the weight's column order, one after the other. Padding counts as zeros: those are samples too.
 */
export function unfolding(x: Tensor, window: Window, channels: number): Unfold {
  const [, all, height, width] = x.shape as [number, number, number, number]
  const [kh, kw] = window.kernel
  const [dh, dw] = window.dilations
  const [bottom, right] = [height - (kh - 1) * dh, width - (kw - 1) * dw]
  const [, outWidth] = outputSize(x, window)
  const source = x.data as Float32Array
  const plane = height * width
  const cols = channels * kh * kw
  // where each column is, from the patch's corner on
  const offsets = Int32Array.from({ length: cols }, (_, j) => {
    const [channel, ky, kx] = [Math.floor(j / (kh * kw)), Math.floor(j / kw) % kh, j % kw]
    return channel * plane + ky * dh * width + kx * dw
  })

  /** A patch that padding is a part of. */
  const unfoldEdge = (corner: number, top: number, left: number, to: Float32Array, at: number): void => {
    for (let j = 0; j < cols; at++, j++) {
      const [y, x] = [top + (Math.floor(j / kw) % kh) * dh, left + (j % kw) * dw]
      to[at] = y >= 0 && y < height && x >= 0 && x < width ? source[corner + offsets[j]!]! : 0
    }
  }
  return (image, first, positions, to) => {
    const start = (image * all + first) * plane
    for (let k = 0, at = 0; k < positions.length; k++, at += cols) {
      const row = Math.floor(positions[k]! / outWidth)
      const top = row * window.strides[0] - window.pads[0]
      const left = (positions[k]! - row * outWidth) * window.strides[1] - window.pads[1]
      const corner = start + top * width + left
      if (top < 0 || left < 0 || top >= bottom || left >= right) unfoldEdge(corner, top, left, to, at)
      else for (let j = 0; j < cols; j++) to[at + j] = source[corner + offsets[j]!]!
    }
  }
}
