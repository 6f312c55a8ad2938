import { speedResult } from './speed-result.js'

const timed = (dense: number, specialist: number) => [{ medianMs: dense }, { medianMs: specialist }]

test('milliseconds are held against the clock, a speed-up against the dense model as it is now', () => {
  expect(speedResult({ maxMs: 10 }, 9, timed(40, 10.9))).toEqual({
    ...{ goalMs: 10, predictedMs: 9, measuredMs: 10.9, reached: true },
  })
  expect(speedResult({ maxMs: 10 }, 9, timed(40, 11.1)).reached).toBe(false)
  expect(speedResult({ speedUp: 4 }, 9, timed(80, 21))).toMatchObject({ goalMs: 20, reached: true })
  expect(speedResult({ speedUp: 4 }, 9, timed(40, 21))).toMatchObject({ goalMs: 10, reached: false })
})
