import { float32, type Tensor } from '@tacojs/graph'
import type { Network } from './network.js'

/** Height and width in patches. */
export type Grid = readonly [number, number]

/**
 * The scores' bias from a small network on the distance of two patches, y and x each as sign(d)·ln(1 + |d|): two layers
 * with a ReLU between them, a number per head. 0 for tokens that are no patches. The weights are of `module`.mlp.
 *
 * @returns [1, heads, prefix + patches, prefix + patches]
 */
export function relativeBias(net: Network, module: string, [rows, columns]: Grid, prefix: number): Tensor {
  const [width = 0] = net.weights.shapeOf(`${module}.mlp.fc1.weight`)
  const [heads = 0] = net.weights.shapeOf(`${module}.mlp.fc2.weight`)
  const patches = rows * columns
  const tokens = prefix + patches
  net.reserve(Math.max(1, heads) * tokens * tokens, 'relative positions')
  const w1 = net.weights.take(`${module}.mlp.fc1.weight`, [width, 2]).data
  const b1 = net.weights.take(`${module}.mlp.fc1.bias`, [width]).data
  const w2 = net.weights.take(`${module}.mlp.fc2.weight`, [heads, width]).data
  const b2 = net.weights.take(`${module}.mlp.fc2.bias`, [heads]).data
  const logarithmic = (d: number): number => Math.sign(d) * Math.log1p(Math.abs(d))
  /** By distance: index (dy + rows − 1)·(2·columns − 1) + dx + columns − 1. */
  const table: number[][] = []
  for (let dy = 1 - rows; dy < rows; dy++) {
    for (let dx = 1 - columns; dx < columns; dx++) {
      const [y, x] = [logarithmic(dy), logarithmic(dx)]
      const hidden = Float64Array.from(b1, (b, i) => Math.max(0, b + w1[2 * i]! * y + w1[2 * i + 1]! * x))
      table.push(Array.from(b2, (b, h) => hidden.reduce((sum, v, i) => sum + w2[h * width + i]! * v, b)))
    }
  }
  const bias = new Float32Array(heads * tokens * tokens)
  for (let q = 0; q < patches; q++) {
    for (let k = 0; k < patches; k++) {
      const dy = Math.floor(q / columns) - Math.floor(k / columns)
      const dx = (q % columns) - (k % columns)
      const values = table[(dy + rows - 1) * (2 * columns - 1) + dx + columns - 1]!
      for (let h = 0; h < heads; h++) bias[(h * tokens + prefix + q) * tokens + prefix + k] = values[h]!
    }
  }
  return float32([1, heads, tokens, tokens], bias)
}
