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
