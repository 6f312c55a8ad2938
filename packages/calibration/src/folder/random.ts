/** Whole numbers from 0 to `below` − 1, evenly distributed. */
export type Random = (below: number) => number

/**
 * xoshiro128** (Blackman and Vigna 2018), its state filled by splitmix32 from the seed and a key, so that streams of
 * different keys have nothing to do with each other.
 */
export function seededRandom(seed: number, key: string): Random {
  let s = fnv1a(key) ^ Math.imul(seed >>> 0, 0x9e3779b1) ^ Math.imul(Math.floor(seed / 2 ** 32), 0x85ebca77)
  const split = (): number => {
    s = (s + 0x9e3779b9) | 0
    let z = s
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return z ^ (z >>> 15)
  }
  let [a, b, c, d] = [split(), split(), split(), split()]
  const next = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0
    const t = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = rotate(d, 11)
    return result
  }
  return (below) => {
    // What lies beyond the last whole multiple would favour small numbers.
    const limit = 2 ** 32 - (2 ** 32 % below)
    let value = next()
    while (value >= limit) value = next()
    return value % below
  }
}

const rotate = (x: number, k: number): number => (x << k) | (x >>> (32 - k))

function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash
}
