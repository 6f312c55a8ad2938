import { fromBfloat16Bits, fromHalfBits, widenBfloat16, widenHalf } from './float16.js'

test('halves: zeros, subnormals, normals, the largest, infinities, NaN', () => {
  expect(fromHalfBits(0x0000)).toBe(0)
  expect(Object.is(fromHalfBits(0x8000), -0)).toBe(true)
  expect(fromHalfBits(0x0001)).toBe(2 ** -24)
  expect(fromHalfBits(0x83ff)).toBe(-1023 * 2 ** -24)
  expect(fromHalfBits(0x3c00)).toBe(1)
  expect(fromHalfBits(0xc100)).toBe(-2.5)
  expect(fromHalfBits(0x7bff)).toBe(65504)
  expect(fromHalfBits(0x7c00)).toBe(Infinity)
  expect(fromHalfBits(0xfc00)).toBe(-Infinity)
  expect(fromHalfBits(0x7e00)).toBeNaN()
})

test('bfloat16 is the upper half of a float32', () => {
  expect(fromBfloat16Bits(0x3f80)).toBe(1)
  expect(fromBfloat16Bits(0xc020)).toBe(-2.5)
  expect([...widenBfloat16([0x3f80, 0x7f80])]).toEqual([1, Infinity])
  expect([...widenHalf(Uint16Array.of(0x3c00, 0x3800))]).toEqual([1, 0.5])
})
