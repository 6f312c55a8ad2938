import fc from 'fast-check'
import { attemptsFor, lastGood, percent, sparsityGrid } from './grid.js'

test('the last good value of any list that turns bad once, in no more attempts than said', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.nat(40), async (count, turn) => {
      const good = Math.min(turn, count)
      const tried: number[] = []
      const found = await lastGood(
        Array.from({ length: count }, (_, i) => i),
        (value, attempt) => {
          expect(attempt).toBe(tried.length)
          tried.push(value)
          return Promise.resolve(value < good)
        },
      )
      expect(found).toBe(good - 1)
      expect(tried.length).toBeLessThanOrEqual(attemptsFor(count))
      expect(new Set(tried).size).toBe(tried.length)
      // the answer, and the first bad one, were both tried
      if (good > 0) expect(tried).toContain(good - 1)
      if (good < count) expect(tried).toContain(good)
    }),
  )
})

test('fewer zeros than are there already are no choice, as many are', () => {
  const grid = (least: number) => sparsityGrid({ pattern: 'unstructured' }, least)
  expect(grid(0.9)).toEqual([0.9, 0.925, 0.95, 0.965, 0.98])
  expect(grid(0.91)).toEqual(grid(0.9))
  expect(grid(0.99)).toEqual([0.98])
  expect(grid(0)).toHaveLength(15)
})

test('both grids rise within 0 and 1 and take four attempts, whatever is found', () => {
  for (const pattern of ['unstructured', 'structured']) {
    const grid = sparsityGrid({ pattern })
    expect(attemptsFor(grid.length)).toBe(4)
    expect(attemptsFor(grid.length + 1)).toBe(5)
    for (const [i, value] of grid.entries()) {
      expect(value).toBeGreaterThan(grid[i - 1] ?? 0)
      expect(value).toBeLessThan(1)
    }
  }
  expect([0.55, 0.925, 0.2].map(percent)).toEqual(['55 %', '92.5 %', '20 %'])
})
