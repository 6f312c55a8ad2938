import fc from 'fast-check'
import { dequantize, quantize, quantizeExactly } from './quantize.js'

test('by hand: each channel has the scale of its largest weight, ties go up, zeros stay', () => {
  const data = Float32Array.of(127, -63.5, 0, 2, -1, 0.01)
  const rows = quantize(data, [2, 3], 0)!
  expect([...rows.values]).toEqual([127, -63, 0, 127, -63, 1])
  expect(rows.scales[0]).toBe(1)
  expect(rows.scales[1]! * 127).toBeGreaterThanOrEqual(2)
  expect(rows.scales[1]! * 127).toBeLessThan(2 * (1 + 2 ** -14))
  const columns = quantize(data, [2, 3], 1)!
  expect(columns.scales).toHaveLength(3)
  expect([...columns.values]).toEqual([127, -127, 0, 2, -2, 127])
})

test('an empty channel and one of zeros', () => {
  expect(quantize(new Float32Array(4), [2, 2], 0)).toEqual({ scales: Float32Array.of(1, 1), values: new Int8Array(4) })
  expect(quantize(new Float32Array(0), [2, 0], 0)!.values).toHaveLength(0)
})

test('values without an 8-bit form have none', () => {
  for (const value of [NaN, Infinity, 3.4028234e38, 1e-38]) {
    expect(quantize(Float32Array.of(1, value, value, 0), [2, 2], 0)).toBeUndefined()
  }
})

const weights = fc.tuple(
  fc.array(fc.float({ noNaN: true, min: Math.fround(-1e20), max: Math.fround(1e20) }), {
    minLength: 24,
    maxLength: 24,
  }),
  fc.constantFrom(0, 1, 2),
  fc.constantFrom(1, Math.fround(1e-9), Math.fround(1 / 3)),
)

test('the error is at most half a step, and what was quantised once is exact from then on', () => {
  fc.assert(
    fc.property(weights, ([values, axis, factor]) => {
      const shape = [2, 3, 4]
      const data = Float32Array.from(values, (v) => v * factor)
      const quantized = quantize(data, shape, axis)
      if (!quantized) return
      const rounded = dequantize(quantized, shape, axis)
      const inner = [12, 4, 1][axis]!
      rounded.forEach((v, i) => {
        const scale = quantized.scales[Math.floor(i / inner) % shape[axis]!]!
        expect(Math.abs(v - data[i]!)).toBeLessThanOrEqual(scale * (0.5 + 1e-6))
        if (data[i] === 0) expect(Object.is(v, 0)).toBe(true)
      })
      expect(quantizeExactly(rounded, shape, axis)).toEqual(quantized)
    }),
  )
})

test('data that is not in whole steps, or has a -0, has no exact form', () => {
  expect(quantizeExactly(Float32Array.of(127, 0.5), [1, 2], 0)).toBeUndefined()
  expect(quantizeExactly(Float32Array.of(127, -0), [1, 2], 0)).toBeUndefined()
  expect(quantizeExactly(Float32Array.of(127, 3, 0), [1, 3], 0)).toBeDefined()
})
