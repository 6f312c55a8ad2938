import { seededRandom } from '@tacojs/calibration'
import { samplePositions } from './positions.js'

test('all positions are taken where nothing is left out', () => {
  const positions = Int32Array.of(0, 1, 2)
  expect(samplePositions(3, 1, { image: 5, tokens: true })).toEqual({ positions, weights: undefined })
  const weights = Float32Array.of(1, 2, 3)
  expect(samplePositions(3, 1, { image: 5, tokens: true, weights })).toEqual({ positions, weights })
})

test.each([
  [197, 0.5, true],
  [49, 0.3, false],
  [10, 0.01, true],
])('%i positions, share %f, tokens %s: different ones, in order, standing for all', (count, share, tokens) => {
  const seen = new Set<number>()
  for (let image = 0; image < 200; image++) {
    const { positions, weights } = samplePositions(count, share, { image, tokens })
    expect([...positions]).toEqual([...new Set(positions)].sort((a, b) => a - b))
    expect(positions.every((p) => p >= 0 && p < count)).toBe(true)
    expect(weights!.reduce((a, b) => a + b, 0)).toBeCloseTo(count, 3)
    if (tokens) expect([positions[0], weights![0]]).toEqual([0, 1])
    expect(positions.length).toBe(Math.max(1, Math.round((count - Number(tokens)) * share)) + Number(tokens))
    for (const p of positions) seen.add(p)
  }
  expect(seen.size).toBe(count)
})

describe('with weights', () => {
  const random = seededRandom(3, 'positions')
  const uniform = () => (random(1e6) + 0.5) / 1e6
  const few = Float32Array.from({ length: 197 }, () => 0.05 - Math.log(uniform()) ** 3)
  const alike = new Float32Array(64).fill(0.3)
  const lone = Float32Array.from({ length: 50 }, (_, i) => (i === 7 ? 1e6 : 1e-3))

  test.each([
    ['a few count for most', few, 0.5],
    ['a few count for most, a tenth of them', few, 0.1],
    ['all alike', alike, 0.25],
    ['one counts for all', lone, 0.2],
  ])('%s: as many as wanted, and sums over all positions are what they are expected to be', (_, weights, share) => {
    const images = 4000
    const values = Float64Array.from(weights, () => 2 * uniform() - 1)
    const [sums, taken] = [[0, 0], new Float64Array(weights.length)]
    for (let image = 0; image < images; image++) {
      const sample = samplePositions(weights.length, share, { image, tokens: true, weights })
      expect(Math.abs(sample.positions.length - weights.length * share)).toBeLessThanOrEqual(1)
      for (const [k, position] of sample.positions.entries()) {
        taken[position]!++
        sums[0]! += sample.weights![k]! / images
        sums[1]! += (sample.weights![k]! * values[position]!) / images
      }
    }
    const all = weights.reduce((a, b) => a + b, 0)
    expect(sums[0]! / all).toBeCloseTo(1, 3)
    expect((sums[1]! - weights.reduce((sum, w, i) => sum + w * values[i]!, 0)) / all).toBeCloseTo(0, 2)
    // the probabilities are in proportion to the weights, up to 1
    const least = Math.min(...weights)
    const of = taken.map((times) => times / images)
    const unit = of[weights.indexOf(least)]! / least
    for (const [p, probability] of of.entries()) {
      expect(Math.abs(probability - Math.min(1, unit * weights[p]!))).toBeLessThan(0.05)
    }
  })

  test('one at least is taken', () => {
    for (let image = 0; image < 20; image++) {
      for (let count = 2; count < 60; count++) {
        const weights = Float32Array.from({ length: count }, () => uniform())
        for (const share of [1 / count, 2 / count, 3 / count, 1e-9]) {
          const { positions } = samplePositions(count, share, { image, tokens: false, weights })
          expect(positions.length).toBeGreaterThan(0)
        }
      }
    }
  })

  test('what is taken for sure counts for itself', () => {
    const { positions, weights } = samplePositions(50, 0.2, { image: 11, tokens: false, weights: lone })
    expect(weights![positions.indexOf(7)]).toBe(1e6)
  })
})
