import { float32, sizeOf, type Tensor } from '@tacojs/graph'

/** Seeded uniform numbers in [-1, 1): xorshift with the shifts 13, 17, 5 (Marsaglia 2003). */
export function createRandom(seed: number): () => number {
  let state = seed | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state / 2147483648
  }
}

/** A tensor of uniform numbers in [-bound, bound). */
export function randomTensor(random: () => number, shape: readonly number[], bound = 1): Tensor<'float32'> {
  const data = new Float32Array(sizeOf(shape))
  for (let i = 0; i < data.length; i++) data[i] = random() * bound
  return float32(shape, data)
}
