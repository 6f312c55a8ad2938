import fc from 'fast-check'
import { markSmallest } from './select.js'

test('the smallest, and among equals the lowest index, as a stable sort takes them', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 60 }), fc.nat(60), (values, wish) => {
      const count = Math.min(wish, values.length)
      const chosen = new Uint8Array(values.length)
      markSmallest(Float64Array.from(values), count, chosen)
      const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b] || a - b)
      const expected = new Uint8Array(values.length)
      for (const i of order.slice(0, count)) expected[i] = 1
      expect(chosen).toEqual(expected)
    }),
  )
})
