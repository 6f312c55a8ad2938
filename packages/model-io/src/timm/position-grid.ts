import { TacoError } from '@tacojs/errors'
import { float32, type Tensor } from '@tacojs/graph'
import type { Network } from './network.js'
import type { Grid } from './vit-positions.js'

/**
 * `pos_embed` [1, positions, features] for a grid of patches. Where the weights are of another grid, they are resized as
 * timm does when a model is made for another image size: the positions of patches, a square, by cubic convolution that
 * antialiases; those of other tokens stay.
 *
 * @param prefix tokens before the patches; their positions are part of the table or not
 * @throws SHAPE_MISMATCH where the table is of no square grid, or of two
 */
export function resizedPositions(net: Network, grid: Grid, prefix: number, features: number): Tensor<'float32'> {
  const table = net.weights.take('pos_embed', [1, undefined, features])
  const positions = table.shape[1]!
  const patches = grid[0] * grid[1]
  if (positions === patches || positions === patches + prefix) return table
  const square = (count: number): boolean => count > 0 && Number.isInteger(Math.sqrt(count))
  const kept = [...new Set([0, prefix])].filter((tokens) => square(positions - tokens))
  if (kept.length !== 1) {
    throw new TacoError(
      'SHAPE_MISMATCH',
      `${net.weights.where}: pos_embed holds ${positions} positions, which are no square grid with or without ${prefix} other tokens; the config's input size has ${patches} patches`,
    )
  }
  const [own] = kept as [number]
  const side = Math.sqrt(positions - own)
  net.reserve((own + patches) * features + side * grid[1] * features, 'its position embedding')
  const out = new Float32Array((own + patches) * features)
  out.set(table.data.subarray(0, own * features))
  out.set(resizeGrid(table.data.subarray(own * features), [side, side], grid, features), own * features)
  return float32([1, own + patches, features], out)
}

/** Values [rows, columns, features] on another grid: columns first, then rows, each as PyTorch's antialiased bicubic. */
export function resizeGrid(values: Float32Array, from: Grid, to: Grid, features: number): Float32Array {
  const wide = new Float32Array(from[0] * to[1] * features)
  cubicTaps(from[1], to[1]).forEach(({ first, weights }, column) => {
    for (let row = 0; row < from[0]; row++) {
      for (let f = 0; f < features; f++) {
        let sum = 0
        weights.forEach((w, i) => (sum += w * values[(row * from[1] + first + i) * features + f]!))
        wide[(row * to[1] + column) * features + f] = sum
      }
    }
  })
  const out = new Float32Array(to[0] * to[1] * features)
  const rowLength = to[1] * features
  cubicTaps(from[0], to[0]).forEach(({ first, weights }, row) => {
    for (let i = 0; i < rowLength; i++) {
      let sum = 0
      weights.forEach((w, n) => (sum += w * wide[(first + n) * rowLength + i]!))
      out[row * rowLength + i] = sum
    }
  })
  return out
}

/**
 * The old samples that each new one is made of: Keys' cubic convolution (1981, a = −1/2) around the new sample's middle,
 * as wide as the step where samples get fewer, cut off at the borders, its weights made to add up to 1.
 */
function cubicTaps(from: number, to: number): { readonly first: number; readonly weights: readonly number[] }[] {
  const step = from / to
  const scale = Math.max(1, step)
  return Array.from({ length: to }, (_, i) => {
    const middle = step * (i + 0.5)
    const first = Math.max(0, Math.floor(middle - 2 * scale + 0.5))
    const end = Math.min(from, Math.floor(middle + 2 * scale + 0.5))
    const raw = Array.from({ length: end - first }, (_, n) => keys((first + n + 0.5 - middle) / scale))
    const total = raw.reduce((a, b) => a + b, 0)
    return { first, weights: raw.map((w) => w / total) }
  })
}

function keys(distance: number): number {
  const x = Math.abs(distance)
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0
}
