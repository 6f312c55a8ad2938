import { isTacoError } from '@tacojs/errors'
import fc from 'fast-check'
import { deflateRawSync, inflateRawSync, constants } from 'node:zlib'
import { codeLengths } from './huffman.js'
import { deflate } from './deflate.js'
import { inflate } from './inflate.js'

/** A linear congruential generator. */
function random(seed: number): () => number {
  let state = seed
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
}

const next = random(7)
const samples: Record<string, Uint8Array> = {
  nothing: new Uint8Array(),
  'one byte': Uint8Array.of(200),
  'one value': new Uint8Array(200_000),
  'two values': Uint8Array.from({ length: 70_000 }, () => (next() < 0.1 ? 1 : 0)),
  'all lengths and distances': Uint8Array.from({ length: 66_000 }, (_, i) => ((i % 32_700) % 251) ^ (i % 3001)),
  noise: Uint8Array.from({ length: 140_000 }, () => next() * 256),
  'a bell': Uint8Array.from({ length: 70_000 }, () => 128 + 40 * (next() + next() + next() - 1.5)),
  'repeated rows': Uint8Array.from({ length: 60_000 }, (_, i) => (i % 1000) ** 3 % 257),
  // counts that are Fibonacci numbers make the longest codes
  'a steep code': Uint8Array.from(
    Array.from({ length: 23 }, (_, i) => i).flatMap((i) => {
      let [a, b] = [1, 1]
      for (let k = 0; k < i; k++) [a, b] = [b, a + b]
      return new Array<number>(a).fill(i * 7)
    }),
  ),
}

test.each(Object.entries(samples))('%s: zlib reads what is written, and what zlib writes is read', (_, bytes) => {
  for (const parts of [[bytes], [bytes.subarray(0, bytes.length >> 1), bytes.subarray(bytes.length >> 1)]]) {
    const packed = deflate(parts)
    expect(Buffer.compare(inflateRawSync(packed), bytes)).toBe(0)
    expect(Buffer.compare(inflate(packed, bytes.length), bytes)).toBe(0)
    expect(packed.length).toBeLessThanOrEqual(bytes.length + 5 * Math.ceil(bytes.length / 0xffff) + 12)
  }
  const ways = [0, 1, 6, 9].map((level) => deflateRawSync(bytes, { level }))
  ways.push(deflateRawSync(bytes, { strategy: constants.Z_FIXED }))
  for (const packed of ways) expect(Buffer.compare(inflate(packed, bytes.length), bytes)).toBe(0)
})

test('any bytes in any parts come back', () => {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.nat(60)).map(([bytes, times]) => {
      return Uint8Array.from({ length: bytes.length * times }, (_, i) => bytes[i % bytes.length]!)
    }),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
      const bytes = Buffer.concat(parts)
      const packed = deflate(parts)
      expect(Buffer.compare(inflateRawSync(packed), bytes)).toBe(0)
      expect(Buffer.compare(inflate(packed, bytes.length), bytes)).toBe(0)
    }),
  )
})

test('a bell takes little more than its entropy, and no more than zlib makes of it', () => {
  const bytes = samples['a bell']!
  const counts = new Map<number, number>()
  for (const b of bytes) counts.set(b, (counts.get(b) ?? 0) + 1)
  const entropy = [...counts.values()].reduce((sum, n) => sum - n * Math.log2(n / bytes.length), 0) / 8
  expect(deflate([bytes]).length).toBeLessThan(1.02 * entropy + 200)
  expect(deflate([bytes]).length).toBeLessThan(1.001 * deflateRawSync(bytes, { level: 9 }).length)
})

test('codes are as short as they can be, and never longer than the limit', () => {
  expect([...codeLengths([5, 9, 12, 13, 16, 45], 15)]).toEqual([4, 4, 3, 3, 3, 1])
  expect([...codeLengths([0, 3, 0], 15)]).toEqual([0, 1, 0])
  const fibonacci = [1, 1, 2, 3, 5, 8, 13, 21, 34, 55]
  const limited = codeLengths(fibonacci, 5)
  expect(Math.max(...limited)).toBe(5)
  expect(limited.reduce((sum, length) => sum + 2 ** -length, 0)).toBe(1)
})

test('damaged streams are refused, or give other bytes of the right number', () => {
  const bytes = samples['repeated rows']!.subarray(0, 3000)
  const packed = deflate([bytes])
  const attempt = (damaged: Uint8Array, size: number): void => {
    try {
      expect(inflate(damaged, size)).toHaveLength(size)
    } catch (error) {
      expect(isTacoError(error)).toBe(true)
    }
  }
  const turn = random(3)
  for (let i = 0; i < 3000; i++) {
    const damaged = packed.slice()
    for (let k = 0; k <= i % 3; k++) damaged[Math.floor(turn() * damaged.length)]! ^= 1 << Math.floor(turn() * 8)
    attempt(damaged, bytes.length)
  }
  for (let end = 0; end < packed.length; end++) {
    expect(() => inflate(packed.subarray(0, end), bytes.length)).toThrow(/damaged/)
  }
  expect(() => inflate(packed, bytes.length - 1)).toThrow(/more bytes/)
  expect(() => inflate(packed, bytes.length + 1)).toThrow(/holds 3000 bytes/)
  expect(() => inflate(Uint8Array.of(...packed, 0), bytes.length)).toThrow(/bytes follow/)
})

const wrong: Record<string, [number[], RegExp]> = {
  'a block of no kind': [[0b111], /no kind/],
  'a stored length that its check denies': [[1, 1, 0, 1, 0, 7], /check/],
  'a repetition of what is before the start': [[0b01000011 | 0, 0x7e, 0x02], /damaged/],
}

test.each(Object.entries(wrong))('%s is refused', (_, [bytes, message]) => {
  expect(() => inflate(Uint8Array.from(bytes), 10)).toThrow(message)
})
