import { sizeOf, type Tensor } from '@tacojs/graph'
import { axisOf, broadcastOffsets, make, num, values, type Kernels } from './kernel.js'

/** Mean and 1/√(variance + ε) of a run of elements (the variance of the population, divided by n). */
function moments(row: Float64Array, epsilon: number): [mean: number, inverse: number] {
  let mean = 0
  for (const v of row) mean += v / row.length
  let variance = 0
  for (const v of row) variance += (v - mean) ** 2 / row.length
  return [mean, 1 / Math.sqrt(variance + epsilon)]
}

const channelOf = (i: number, shape: readonly number[]): number => Math.floor(i / sizeOf(shape.slice(2))) % shape[1]!

export const normalization: Kernels = {
  BatchNormalization: (node, inputs) => {
    const [x, scale, bias, mean, variance] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor]
    const [s, b, m, v] = [values(scale), values(bias), values(mean), values(variance)]
    const epsilon = num(node, 'epsilon', 1e-5)
    const out = values(x).map((e, i) => {
      const c = channelOf(i, x.shape)
      return ((e - m[c]!) / Math.sqrt(v[c]! + epsilon)) * s[c]! + b[c]!
    })
    return [make(x.dtype, x.shape, out)]
  },
  InstanceNormalization: (node, inputs) => {
    const [x, scale, bias] = inputs as [Tensor, Tensor, Tensor]
    const [input, s, b] = [values(x), values(scale), values(bias)]
    const size = sizeOf(x.shape.slice(2))
    const out = new Float64Array(input.length)
    for (let start = 0; start < input.length; start += size) {
      const [mean, inverse] = moments(input.subarray(start, start + size), num(node, 'epsilon', 1e-5))
      const c = channelOf(start, x.shape)
      for (let i = start; i < start + size; i++) out[i] = (input[i]! - mean) * inverse * s[c]! + b[c]!
    }
    return [make(x.dtype, x.shape, out)]
  },
  LayerNormalization: (node, inputs) => {
    const [x, scale, bias] = inputs as [Tensor, Tensor, Tensor | undefined]
    const axis = axisOf(num(node, 'axis', -1), x.shape.length)
    const inner = x.shape.slice(axis)
    const size = sizeOf(inner)
    const [input, s, b] = [values(x), values(scale), bias && values(bias)]
    const [sPlaces, bPlaces] = [broadcastOffsets(inner, scale.shape), bias && broadcastOffsets(inner, bias.shape)]
    const out = new Float64Array(input.length)
    const rows = size ? input.length / size : 0
    const [means, inverses] = [new Float64Array(rows), new Float64Array(rows)]
    for (let r = 0; r < rows; r++) {
      const [mean, inverse] = moments(input.subarray(r * size, (r + 1) * size), num(node, 'epsilon', 1e-5))
      for (let i = 0; i < size; i++) {
        const shift = b && bPlaces ? b[bPlaces[i]!]! : 0
        out[r * size + i] = (input[r * size + i]! - mean) * inverse * s[sPlaces[i]!]! + shift
      }
      means[r] = mean
      inverses[r] = inverse
    }
    const kept = x.shape.map((d, i) => (i < axis ? d : 1))
    const outputs = [make(x.dtype, x.shape, out), make(x.dtype, kept, means), make(x.dtype, kept, inverses)]
    return outputs.slice(0, node.outputs.length)
  },
}
