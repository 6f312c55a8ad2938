/** Which positions of an image count, and for how much. */
export interface Sampled {
  /** Ascending. */
  readonly positions: Int32Array
  /** What position i of the list stands for, in positions; 1 where all are taken. */
  readonly factors: Float32Array | undefined
}

/**
 * A share of an image's positions, evenly spread; the image's number shifts them, so that all places are seen over many
 * images. In a sequence of tokens the first one is always taken, for it may be the class token, and stands for itself;
 * each other one stands for as many as it was chosen from.
 */
export function samplePositions(count: number, share: number, image: number, tokens: boolean): Sampled {
  if (share >= 1 || count === 1)
    return { positions: Int32Array.from({ length: count }, (_, p) => p), factors: undefined }
  const first = tokens ? 1 : 0
  const rest = count - first
  const wanted = Math.max(1, Math.round(rest * share))
  const shift = (image * GOLDEN) % 1
  const positions = new Int32Array(first + wanted)
  for (let i = 0; i < wanted; i++) positions[first + i] = first + Math.floor(((i + shift) * rest) / wanted)
  const factors = new Float32Array(positions.length).fill(rest / wanted)
  if (tokens) factors[0] = 1
  return { positions, factors }
}

/** Multiples of it spread evenly modulo 1, however many there are. */
const GOLDEN = (Math.sqrt(5) - 1) / 2
