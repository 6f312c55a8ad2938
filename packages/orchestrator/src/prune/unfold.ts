import type { Tensor } from '@tacojs/graph'

/** The window of a 2-D convolution, ONNX attribute names. */
export interface Window {
  readonly kernel: readonly [number, number]
  readonly strides: readonly [number, number]
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number]
  readonly dilations: readonly [number, number]
}

/**
 * Unfolds the patches that a convolution sees into rows (im2col): x [N, C, H, W] → [N·OH·OW, channels·KH·KW] for the
 * channels from `first` on, in the weight's column order. Padding counts as zeros: those are samples too.
 */
export function unfold(x: Tensor, window: Window, first: number, channels: number): { data: Float32Array; n: number } {
  const [batch, all, height, width] = x.shape as [number, number, number, number]
  const [kh, kw] = window.kernel
  const [sh, sw] = window.strides
  const [dh, dw] = window.dilations
  const [top, left, bottom, right] = window.pads
  const outHeight = Math.floor((height + top + bottom - dh * (kh - 1) - 1) / sh) + 1
  const outWidth = Math.floor((width + left + right - dw * (kw - 1) - 1) / sw) + 1
  const cols = channels * kh * kw
  const n = batch * outHeight * outWidth
  const data = new Float32Array(n * cols)
  const source = x.data as Float32Array
  for (let b = 0; b < batch; b++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++) {
        let to = ((b * outHeight + oy) * outWidth + ox) * cols
        for (let c = 0; c < channels; c++) {
          const plane = (b * all + first + c) * height * width
          for (let ky = 0; ky < kh; ky++) {
            const y = oy * sh - top + ky * dh
            if (y < 0 || y >= height) {
              to += kw
              continue
            }
            const line = plane + y * width
            for (let kx = 0; kx < kw; kx++, to++) {
              const xx = ox * sw - left + kx * dw
              if (xx >= 0 && xx < width) data[to] = source[line + xx]!
            }
          }
        }
      }
    }
  }
  return { data, n }
}

/** The output of a convolution as rows: y [N, O, OH, OW] → [N·OH·OW, channels] for the channels from `first` on. */
export function channelsLast(y: Tensor, first: number, channels: number): Float32Array {
  const [batch, all, height, width] = y.shape as [number, number, number, number]
  const plane = height * width
  const out = new Float32Array(batch * plane * channels)
  const source = y.data as Float32Array
  for (let b = 0; b < batch; b++) {
    for (let c = 0; c < channels; c++) {
      const from = (b * all + first + c) * plane
      const to = b * plane * channels + c
      for (let p = 0; p < plane; p++) out[to + p * channels] = source[from + p]!
    }
  }
  return out
}
