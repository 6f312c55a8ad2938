import { fromBfloat16Bits, fromHalfBits, narrowHalf, toHalfBits, widenBfloat16, widenHalf } from './float16.js'

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

test('every half is its own nearest half', () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = fromHalfBits(bits)
    if (!Number.isNaN(value)) expect(toHalfBits(value)).toBe(bits)
  }
  expect(fromHalfBits(toHalfBits(NaN))).toBeNaN()
  expect([...narrowHalf([1, -2.5])]).toEqual([0x3c00, 0xc100])
})

test('between two halves the nearer one is taken, and of equally near ones the even one', () => {
  // up to the first that is infinite, whose place a half of 65 536 would have
  for (let bits = 0; bits < 0x7c00; bits++) {
    const [low, high] = [fromHalfBits(bits), bits === 0x7bff ? 65536 : fromHalfBits(bits + 1)]
    const middle = (low + high) / 2
    const [even, quarter] = [bits % 2 === 0 ? bits : bits + 1, (high - low) / 4]
    expect([middle, middle - quarter, middle + quarter, -middle].map(toHalfBits)).toEqual([
      even,
      bits,
      bits + 1,
      even | 0x8000,
    ])
  }
})
