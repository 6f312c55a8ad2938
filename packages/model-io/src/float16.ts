const word = new Uint32Array(1)
const asFloat = new Float32Array(word.buffer)

/** The float32 of IEEE 754 binary16 bits. Exact: every half is a float. */
export function fromHalfBits(half: number): number {
  const sign = (half & 0x8000) << 16
  const exponent = (half >>> 10) & 31
  const fraction = half & 0x3ff
  if (exponent === 0) return (sign ? -1 : 1) * fraction * 2 ** -24
  word[0] = sign | ((exponent === 31 ? 255 : exponent + 112) << 23) | (fraction << 13)
  return asFloat[0]!
}

/** The float32 of bfloat16 bits: its upper half. */
export function fromBfloat16Bits(bits: number): number {
  word[0] = bits << 16
  return asFloat[0]!
}

/** Binary16 bits of the nearest half, ties to even; what is 65 520 or more becomes infinite. */
export function toHalfBits(value: number): number {
  asFloat[0] = value
  const bits = word[0]!
  const sign = (bits >>> 16) & 0x8000
  const size = bits & 0x7fffffff
  if (size > 0x7f800000) return sign | 0x7e00
  if (size >= 0x477ff000) return sign | 0x7c00
  // adding what is just below half of the last place, or half of it where that place is odd, carries into it as rounding does
  if (size >= 0x38800000) return sign | ((size + 0xfff + ((size >>> 13) & 1) - 0x38000000) >>> 13)
  // a subnormal half counts steps of 2^-24; a double holds the quotient exactly
  const steps = Math.abs(asFloat[0]) * 2 ** 24
  const below = Math.floor(steps)
  const rest = steps - below
  return sign | (rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below)
}

export function narrowHalf(values: ArrayLike<number>): Uint16Array {
  const out = new Uint16Array(values.length)
  for (let i = 0; i < values.length; i++) out[i] = toHalfBits(values[i]!)
  return out
}

export function widenHalf(bits: ArrayLike<number>): Float32Array {
  const out = new Float32Array(bits.length)
  for (let i = 0; i < bits.length; i++) out[i] = fromHalfBits(bits[i]! & 0xffff)
  return out
}

export function widenBfloat16(bits: ArrayLike<number>): Float32Array {
  const out = new Float32Array(bits.length)
  const words = new Uint32Array(out.buffer)
  for (let i = 0; i < bits.length; i++) words[i] = (bits[i]! & 0xffff) << 16
  return out
}
