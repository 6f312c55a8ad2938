import { float32 } from '@tacojs/graph'
import { Network } from './network.js'
import { resizedPositions, resizeGrid } from './position-grid.js'
import { StateDict } from './state-dict.js'

const map = (
  rows: number,
  columns: number,
  value: (y: number, x: number, f: number) => number,
  features = 1,
): Float32Array =>
  Float32Array.from({ length: rows * columns * features }, (_, i) => {
    const at = Math.floor(i / features)
    return value(Math.floor(at / columns), at % columns, i % features)
  })
const near = (found: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-5): void => {
  expect(found.length).toBe(expected.length)
  for (let i = 0; i < found.length; i++) expect(Math.abs(found[i]! - expected[i]!)).toBeLessThan(tolerance)
}

test('the same size is the same map, a constant stays one, also at the borders', () => {
  const values = map(4, 5, (y, x, f) => Math.sin(3 * y + 5 * x + f), 2)
  near(resizeGrid(values, [4, 5], [4, 5], 2), values, 1e-7)
  near(
    resizeGrid(
      map(3, 4, () => 0.7),
      [3, 4],
      [11, 2],
      1,
    ),
    map(11, 2, () => 0.7),
    1e-6,
  )
})

test('a quadratic is met inside when a map grows, a plane when it shrinks', () => {
  // Keys' convolution with a = −1/2 reproduces polynomials up to degree 2
  const quadratic = (t: number): number => 0.3 * t * t - 2 * t + 1
  const larger = resizeGrid(
    map(12, 12, (y, x) => quadratic(y) + quadratic(x)),
    [12, 12],
    [24, 36],
    1,
  )
  const inside = (y: number, x: number): number => larger[y * 36 + x]!
  for (let y = 6; y < 18; y++) {
    for (let x = 9; x < 27; x++) {
      expect(inside(y, x)).toBeCloseTo(quadratic((y + 0.5) / 2 - 0.5) + quadratic((x + 0.5) / 3 - 0.5), 3)
    }
  }
  const smaller = resizeGrid(
    map(32, 32, (y, x) => 2 * y - x),
    [32, 32],
    [8, 16],
    1,
  )
  for (let y = 3; y < 5; y++) {
    for (let x = 4; x < 12; x++) {
      expect(smaller[y * 16 + x]!).toBeCloseTo(2 * (4 * y + 1.5) - (2 * x + 0.5), 4)
    }
  }
})

test('weights of a step of two, worked out by hand', () => {
  // distances 1/4, 3/4, 5/4, 7/4 on either side at half the rate
  const tap = [0.8671875, 0.2265625, -0.0703125, -0.0234375]
  const impulse = (at: number): number =>
    resizeGrid(
      map(1, 16, (_, x) => (x === at ? 1 : 0)),
      [1, 16],
      [1, 8],
      1,
    )[4]!
  for (const [i, weight] of tap.entries()) {
    expect(impulse(9 + i)).toBeCloseTo(weight / 2, 6)
    expect(impulse(8 - i)).toBeCloseTo(weight / 2, 6)
  }
  expect(impulse(13)).toBe(0)
})

const positions = (count: number): Network =>
  new Network(
    new StateDict(
      new Map([
        [
          'pos_embed',
          float32(
            [1, count, 2],
            map(1, count, (_, x, f) => x + f / 2, 2),
          ),
        ],
      ]),
      'w',
    ),
    'x',
  )

test('the table is told apart from its length: with the other tokens, or without', () => {
  expect(resizedPositions(positions(10), [3, 3], 1, 2).shape).toEqual([1, 10, 2])
  expect(resizedPositions(positions(9), [3, 3], 1, 2).shape).toEqual([1, 9, 2])
  const withToken = resizedPositions(positions(10), [2, 6], 1, 2)
  expect(withToken.shape).toEqual([1, 13, 2])
  expect([...withToken.data.slice(0, 2)]).toEqual([0, 0.5])
  near(
    withToken.data.slice(2),
    resizeGrid(
      map(1, 9, (_, x, f) => 1 + x + f / 2, 2),
      [3, 3],
      [2, 6],
      2,
    ),
    1e-7,
  )
  expect(resizedPositions(positions(9), [2, 2], 1, 2).shape).toEqual([1, 4, 2])
})

test('refused: no square, or two', () => {
  expect(() => resizedPositions(positions(7), [2, 2], 1, 2)).toThrow(/7 positions.*no square grid/)
  expect(() => resizedPositions(positions(25), [2, 2], 9, 2)).toThrow(/25 positions/)
  expect(() => resizedPositions(positions(10), [90_000, 90_000], 1, 2)).toThrow(/too large for its position embedding/)
})
