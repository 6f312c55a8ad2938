import { float32, type Tensor } from '@tacojs/graph'
import { Network } from './network.js'
import { StateDict } from './state-dict.js'
import { rotaryTables, type RotarySettings } from './vit-rotary.js'

const plain: RotarySettings = { type: 'cat', indexing: 'ij', temperature: 100, offset: 0, reference: undefined }
const grid = [2, 3] as const
const [heads, width] = [2, 8]
const PREFIX = 1

/**
 * The angle of a pair of features at a patch, recovered from the tables by turning the unit vector of the pair's first
 * feature: it becomes (cos, sin).
 */
function angles(settings: RotarySettings, weights: Record<string, Tensor> = {}, block = 0) {
  const net = new Network(new StateDict(new Map(Object.entries(weights)), 'the weights'), 'input')
  const { cos, sin, partner } = rotaryTables(net, settings, grid, PREFIX, heads, width)(block)
  const [c, s, p] = [cos, sin, partner].map((name) => net.initializers.get(name)!) as [Tensor, Tensor, Tensor]
  const tokens = PREFIX + grid[0] * grid[1]
  const isPerHead = c.shape.length === 3
  expect(c.shape).toEqual(isPerHead ? [heads, tokens, width] : [tokens, width])
  return (token: number, first: number, head = 0): { readonly turn: number; readonly partner: number } => {
    const second = Number(p.data[first])
    expect(Number(p.data[second])).toBe(first)
    const at = ((isPerHead ? head * tokens : 0) + token) * width
    // feature `second` gets sin[second]·x[first]; both of a pair have the same cosine, opposite sines
    expect(c.data[at + first]).toBe(c.data[at + second])
    expect(s.data[at + first]! as number).toBeCloseTo(-(s.data[at + second]! as number), 12)
    return { turn: Math.atan2(s.data[at + second] as number, c.data[at + first] as number), partner: second }
  }
}
const wrap = (angle: number): number => Math.atan2(Math.sin(angle), Math.cos(angle))
const patches = [0, 1, 2, 3, 4, 5].map((i) => ({ token: PREFIX + i, row: Math.floor(i / 3), column: i % 3 }))

test("rows turn the first half of the pairs and columns the second, or the other way round for 'xy'", () => {
  for (const indexing of ['ij', 'xy'] as const) {
    const angle = angles({ ...plain, indexing, offset: 1, reference: [4, 9] })
    for (const { token, row, column } of patches) {
      const [y, x] = [(row + 1) * 2, (column + 1) * 3]
      const [a, b] = indexing === 'ij' ? [y, x] : [x, y]
      // temperature^(−i / 2) is 1 and 0.1
      for (const [pair, turn] of [a, a * 0.1, b, b * 0.1].entries()) {
        const found = angle(token, 2 * pair)
        expect(found.turn).toBeCloseTo(wrap(turn), 6)
        expect(found.partner).toBe(2 * pair + 1)
      }
    }
  }
})

test('dinov3 counts from −1 to 1 between the borders, and pairs features half a head apart', () => {
  const angle = angles({ ...plain, type: 'dinov3' })
  const [ys, xs] = [
    [-0.5, 0.5],
    [-2 / 3, 0, 2 / 3],
  ] as const
  for (const { token, row, column } of patches) {
    const turns = [ys[row]!, ys[row]! / 10, xs[column]!, xs[column]! / 10].map((v) => 2 * Math.PI * v)
    for (const [pair, turn] of turns.entries()) {
      const found = angle(token, pair)
      expect(found.turn).toBeCloseTo(wrap(turn), 5)
      expect(found.partner).toBe(pair + 4)
    }
  }
})

test('mixed takes the learned rates of each block and head', () => {
  // [axis, block, head, pair]
  const rates = Array.from({ length: 2 * 3 * heads * 4 }, (_, i) => (i + 1) / 50)
  const freqs = float32([2, 3, heads, 4], rates)
  const rate = (axis: number, block: number, head: number, pair: number): number =>
    rates[axis * 24 + block * 8 + head * 4 + pair]!
  for (const block of [0, 2]) {
    const angle = angles({ ...plain, type: 'mixed', indexing: 'xy' }, { 'rope.freqs': freqs }, block)
    for (const { token, row, column } of patches) {
      for (const head of [0, 1]) {
        for (const pair of [0, 1, 2, 3]) {
          const turn = column * rate(0, block, head, pair) + row * rate(1, block, head, pair)
          expect(angle(token, 2 * pair, head).turn).toBeCloseTo(wrap(turn), 6)
        }
      }
    }
  }
})

test('tokens before the patches are not turned', () => {
  for (const type of ['cat', 'dinov3'] as const) {
    const angle = angles({ ...plain, type })
    for (const feature of [0, 1, 2, 3]) expect(angle(0, feature).turn).toBeCloseTo(0, 12)
  }
})

test('refused: learned rates of another size, heads that do not part', () => {
  const net = new Network(
    new StateDict(new Map([['rope.freqs', float32([2, 1, 2, 3], new Float32Array(12))]]), 'w'),
    'x',
  )
  const mixed = { ...plain, type: 'mixed' } as const
  expect(() => rotaryTables(net, mixed, grid, 0, heads, width)).toThrow(/'rope\.freqs' has shape \[2, 1, 2, 3\]/)
  expect(() => rotaryTables(net, plain, grid, 0, heads, 6)).toThrow(/width 6 cannot be rotated/)
})
