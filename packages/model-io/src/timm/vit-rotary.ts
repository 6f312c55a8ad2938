import { TacoError } from '@tacojs/errors'
import { float32, int64 } from '@tacojs/graph'
import type { Network } from './network.js'
import type { Grid } from './vit-positions.js'

/**
 * Rotary position embeddings (Su et al. 2021): pairs of features of a head are turned by an angle that depends on the
 * patch's row and column. What the angles are, by timm's name of it:
 *
 * - `cat`: the first half of the pairs by one axis, the second by the other (Heo et al. 2024): position·temperature^(−i/n),
 *   n = width / 4; positions are scaled to a reference grid where there is one
 * - `mixed`: each pair by its own learned mix of both axes, for each block and head (Heo et al. 2024)
 * - `dinov3`: as `cat`, with positions from −1 to 1 and the angle 2π·position·temperature^(−i/n) (Siméoni et al. 2025)
 */
export interface RotarySettings {
  readonly type: 'cat' | 'mixed' | 'dinov3'
  /** Whether the first axis is the row ('ij') or the column ('xy'). */
  readonly indexing: 'ij' | 'xy'
  readonly temperature: number
  /** Added to the position, of `cat` only. */
  readonly offset: number
  /** Of `cat` only. */
  readonly reference: Grid | undefined
}

/** Names of the constants that `rotate` needs. */
export interface Rotary {
  readonly cos: string
  readonly sin: string
  readonly partner: string
}

/** Angle of a pair of features at a patch. */
type Angle = (row: number, column: number, pair: number) => number

/**
 * The tables for each block, which share one where they can.
 *
 * @param width of a head
 * @throws SHAPE_MISMATCH where the width does not part into pairs for two axes, or the learned mix is of another size
 */
export function rotaryTables(
  net: Network,
  settings: RotarySettings,
  grid: Grid,
  prefix: number,
  heads: number,
  width: number,
): (block: number) => Rotary {
  if (width % 4 !== 0) {
    throw new TacoError('SHAPE_MISMATCH', `${net.weights.where}: heads of width ${width} cannot be rotated on two axes`)
  }
  const pairs = width / 2
  if (settings.type !== 'mixed') {
    const angle = axialAngle(settings, grid, width)
    const isHalf = settings.type === 'dinov3'
    const shared = table(net, 'rope', [angle], grid, prefix, width, isHalf)
    return () => shared
  }
  const [, depth = 0] = net.weights.shapeOf('rope.freqs')
  const { data } = net.weights.take('rope.freqs', [2, depth, heads, pairs])
  const made: Rotary[] = []
  return (block) =>
    (made[block] ??= table(
      net,
      `rope.${block}`,
      Array.from({ length: heads }, (_, head): Angle => {
        const at = (axis: number, pair: number): number => data[((axis * depth + block) * heads + head) * pairs + pair]!
        const [first, second] = settings.indexing === 'xy' ? [1, 0] : [0, 1]
        return (row, column, pair) => {
          const position = [row, column]
          return position[first]! * at(0, pair) + position[second]! * at(1, pair)
        }
      }),
      grid,
      prefix,
      width,
      false,
    ))
}

function axialAngle(
  { type, indexing, temperature, offset, reference }: RotarySettings,
  grid: Grid,
  width: number,
): Angle {
  const bands = width / 4
  const place = (index: number, axis: 0 | 1): number => {
    if (type === 'dinov3') return 2 * Math.PI * ((2 * index + 1) / grid[axis] - 1)
    return ((index + offset) * (reference?.[axis] ?? grid[axis])) / grid[axis]
  }
  // dinov3 has the row first, however its grid is made
  const rowIsFirst = type === 'dinov3' || indexing === 'ij'
  return (row, column, pair) => {
    const position = pair < bands === rowIsFirst ? place(row, 0) : place(column, 1)
    return position * temperature ** (-(pair % bands) / bands)
  }
}

/**
 * Cosines and sines for x·cos + partner(x)·sin, [heads, tokens, width] or, of one for all heads, [tokens, width]. Tokens that
 * are no patches are not turned. A pair is of neighbours, or of features half a head apart.
 */
function table(
  net: Network,
  name: string,
  angles: readonly Angle[],
  grid: Grid,
  prefix: number,
  width: number,
  isHalf: boolean,
): Rotary {
  const tokens = prefix + grid[0] * grid[1]
  const pairs = width / 2
  net.reserve(2 * angles.length * tokens * Math.max(1, width), 'rotary positions')
  const cos = new Float32Array(angles.length * tokens * width).fill(1)
  const sin = new Float32Array(cos.length)
  for (const [head, angle] of angles.entries()) {
    for (let token = prefix; token < tokens; token++) {
      const [row, column] = [Math.floor((token - prefix) / grid[1]), (token - prefix) % grid[1]]
      const start = (head * tokens + token) * width
      for (let pair = 0; pair < pairs; pair++) {
        const turn = angle(row, column, pair)
        const [first, second] = isHalf ? [pair, pair + pairs] : [2 * pair, 2 * pair + 1]
        cos[start + first] = cos[start + second] = Math.cos(turn)
        // the partner of the first of a pair is subtracted
        sin[start + first] = -Math.sin(turn)
        sin[start + second] = Math.sin(turn)
      }
    }
  }
  const shape = angles.length === 1 ? [tokens, width] : [angles.length, tokens, width]
  const partners = Array.from({ length: width }, (_, i) => (isHalf ? (i + pairs) % width : i ^ 1))
  return {
    cos: net.constant(`${name}.cos`, float32(shape, cos)),
    sin: net.constant(`${name}.sin`, float32(shape, sin)),
    partner: net.constant(`${name}.partner`, int64([width], partners)),
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
