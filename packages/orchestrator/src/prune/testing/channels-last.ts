import type { Tensor } from '@tacojs/graph'

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
