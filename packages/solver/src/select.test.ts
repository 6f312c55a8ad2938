import fc from 'fast-check'
import { markSmallest } from './select.js'
import { random } from './testing/problems.js'

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

test.each([Float32Array, Float64Array])('many %p, some equal, some 0, tiny or infinite: what sorting gives', (Type) => {
  const next = random(4)
  const draw = () =>
    [next(), Math.round(next() * 9), 0, Infinity, next() * 1e-42, 1 + next() * 1e-6][Math.floor(next() * 6)]
  const values = new Type(Array.from({ length: 20000 }, draw))
  const order = [...values.keys()].sort((a, b) => values[a] - values[b] || a - b)
  for (const count of [0, 1, 700, 4000, 9999, 17000, 20000]) {
    const chosen = new Uint8Array(values.length)
    markSmallest(values, count, chosen)
    const expected = new Uint8Array(values.length)
    for (const i of order.slice(0, count)) expected[i] = 1
    expect(chosen).toEqual(expected)
  }
})
