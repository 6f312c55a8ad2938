import { samplePositions } from './positions.js'

test('all positions are taken where nothing is left out', () => {
  expect(samplePositions(3, 1, 5, true)).toEqual({ positions: Int32Array.of(0, 1, 2), factors: undefined })
})

test.each([
  [197, 0.5, true],
  [49, 0.3, false],
  [10, 0.01, true],
])('%i positions, share %f, tokens %s: different ones, in order, standing for all', (count, share, tokens) => {
  const seen = new Set<number>()
  for (let image = 0; image < 200; image++) {
    const { positions, factors } = samplePositions(count, share, image, tokens)
    expect([...positions]).toEqual([...new Set(positions)].sort((a, b) => a - b))
    expect(positions.every((p) => p >= 0 && p < count)).toBe(true)
    expect(factors!.reduce((a, b) => a + b, 0)).toBeCloseTo(count, 3)
    if (tokens) expect([positions[0], factors![0]]).toEqual([0, 1])
    expect(positions.length).toBe(Math.max(1, Math.round((count - Number(tokens)) * share)) + Number(tokens))
    for (const p of positions) seen.add(p)
  }
  expect(seen.size).toBe(count)
})
