import { median, medianRatio, quantile } from './statistics.js'

test('quantiles as R and numpy give them', () => {
  const values = [7, 1, 3, 10]
  expect([0, 0.25, 0.5, 0.75, 1].map((p) => quantile(values, p))).toEqual([1, 2.5, 5, 7.75, 10])
  expect([median([4]), median([3, 1, 2])]).toEqual([4, 2])
})

test('a ratio is taken round by round', () => {
  // a slow round (the third) that meets both does not change it; the ratio of medians would be 8 / 2
  expect(medianRatio([3, 8, 60, 9], [1, 2, 20, 3])).toBe(3)
})
