import { TacoError } from '@tacojs/errors'
import { float32, int64, type Tensor } from '@tacojs/graph'
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

/** Names of the constants that `rotate` needs. */
export interface Rotary {
  readonly cos: string
  readonly sin: string
  readonly partner: string
}

/**
 * Rotary position embeddings of two axes (Su et al. 2021; Heo et al. 2024): features 2i and 2i + 1 of a head are turned
 * by an angle, position·10000^(−i/n) with n = width / 4; the first half of the features by the patch's row, the second by its
 * column. Positions are scaled to a reference grid. Tokens that are no patches are not turned.
 */
export function rotaryTables(net: Network, grid: Grid, reference: Grid, prefix: number, width: number): Rotary {
  if (width % 4 !== 0) {
    throw new TacoError('SHAPE_MISMATCH', `${net.weights.where}: heads of width ${width} cannot be rotated on two axes`)
  }
  const tokens = prefix + grid[0] * grid[1]
  net.reserve(2 * tokens * Math.max(1, width), 'rotary positions')
  const bands = width / 4
  const cos = new Float32Array(tokens * width).fill(1)
  const sin = new Float32Array(tokens * width)
  for (let token = prefix; token < tokens; token++) {
    const patch = token - prefix
    const position = [Math.floor(patch / grid[1]), patch % grid[1]]
    for (let feature = 0; feature < width; feature++) {
      const pair = feature >> 1
      const axis = pair < bands ? 0 : 1
      const angle = ((position[axis]! * reference[axis]!) / grid[axis]!) * 10000 ** (-(pair % bands) / bands)
      cos[token * width + feature] = Math.cos(angle)
      // the partner of an even feature is subtracted
      sin[token * width + feature] = feature % 2 === 0 ? -Math.sin(angle) : Math.sin(angle)
    }
  }
  return {
    cos: net.constant('rope.cos', float32([tokens, width], cos)),
    sin: net.constant('rope.sin', float32([tokens, width], sin)),
    partner: net.constant(
      'rope.partner',
      int64(
        [width],
        Array.from({ length: width }, (_, i) => i ^ 1),
      ),
    ),
  }
}

/** x [batch, heads, tokens, width]: x·cos + partner(x)·sin, the sign being in the sine. */
export function rotate(net: Network, name: string, x: string, { cos, sin, partner }: Rotary): string {
  const kept = net.add('Mul', `${name}.kept`, [x, cos])
  const turned = net.add('Mul', `${name}.turned`, [
    net.add('Gather', `${name}.partner`, [x, partner], { axis: -1 }),
    sin,
  ])
  return net.add('Add', name, [kept, turned])
}
