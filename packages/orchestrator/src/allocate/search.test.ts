import fc from 'fast-check'
import { searchSparsity } from './search.js'

const options = { good: 0, wish: 0.99, tolerance: 0.02 }
const limits = fc.double({ min: 0, max: 0.98, noNaN: true })

test('finds where good ends, from below and from above, within the tolerance, having tried the answer', async () => {
  await fc.assert(
    fc.asyncProperty(limits, fc.boolean(), async (limit, upwards) => {
      const tried: number[] = []
      const isGood = (s: number) => (tried.push(s), upwards ? s <= limit : s >= limit)
      const found = await searchSparsity(isGood, upwards ? options : { ...options, good: 0.99, wish: 0 })
      expect(upwards ? found <= limit : found >= limit).toBe(true)
      expect(Math.abs(Math.log((1 - found) / (1 - limit)))).toBeLessThanOrEqual(Math.log(1.02) + 1e-12)
      expect([0, 0.99].includes(found) || tried.includes(found)).toBe(true)
      expect(tried.length).toBeLessThan(12)
    }),
  )
})

test('the wish at once where it is good; each attempt is told; a signal ends it', async () => {
  const told: [number, number][] = []
  const onAttempt = (attempt: number, sparsity: number) => told.push([attempt, sparsity])
  expect(await searchSparsity(() => true, { ...options, onAttempt })).toBe(0.99)
  expect(told).toEqual([[1, 0.99]])
  expect(await searchSparsity(() => false, options)).toBe(0)
  const signal = AbortSignal.abort()
  await expect(searchSparsity(() => true, { ...options, signal })).rejects.toMatchObject({ code: 'ABORTED' })
})
