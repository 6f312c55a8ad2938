/** Which positions of an image count, and for how much. */
export interface Sampled {
  /** Ascending. */
  readonly positions: Int32Array
  /** What each of these counts for, what it stands for included; 1 where undefined. */
  readonly weights: Float32Array | undefined
}

export interface Positions {
  /** The image's number, which shifts what is taken, so that all places are seen over many images. */
  readonly image: number
  /** Whether the positions are a sequence of tokens, of which the first may be the class token. */
  readonly tokens: boolean
  /** [count], above 0: what each position counts for, where not all count alike. */
  readonly weights?: Float32Array
}

/**
 * A share of an image's positions. Where they count differently, the more a position counts for the likelier it is taken,
 * so that hardly anything is lost with the others; where all count alike they are evenly spread, and the first of a
 * sequence of tokens is always there.
 */
export function samplePositions(count: number, share: number, { image, tokens, weights }: Positions): Sampled {
  if (share >= 1 || count === 1) return { positions: Int32Array.from({ length: count }, (_, p) => p), weights }
  const shift = (image * GOLDEN) % 1
  return weights ? byWeight(weights, share, shift) : evenly(count, share, shift, tokens)
}

/**
 * Systematic sampling with probabilities π = min(1, c·w) (Madow 1949), of so many positions on average. Each stands for
 * w/π (Horvitz & Thompson 1952), which gives sums over positions their expectation: what counts much stands for itself,
 * all the others count alike.
 */
function byWeight(weights: Float32Array, share: number, shift: number): Sampled {
  const wanted = Math.max(1, weights.length * share)
  const threshold = thresholdOf(weights, wanted)
  const positions: number[] = []
  let at = shift
  let most = 0
  for (const [position, weight] of weights.entries()) {
    const before = Math.floor(at)
    at += Math.min(1, weight / threshold)
    if (weight >= threshold || Math.floor(at) > before) positions.push(position)
    if (weight > weights[most]!) most = position
  }
  // rounding can take the only one that was wanted
  if (positions.length === 0) positions.push(most)
  return {
    positions: Int32Array.from(positions),
    weights: Float32Array.from(positions, (position) => Math.max(weights[position]!, threshold)),
  }
}

/** The t with Σ min(1, w/t) = wanted. */
function thresholdOf(weights: Float32Array, wanted: number): number {
  let [threshold, sure] = [0, -1]
  for (;;) {
    let [rest, above] = [0, 0]
    for (const weight of weights) {
      if (sure >= 0 && weight >= threshold) above++
      else rest += weight
    }
    if (above === sure || above >= wanted) return threshold
    sure = above
    threshold = rest / (wanted - above)
  }
}

/** Each but the first token stands for as many as it was chosen from. */
function evenly(count: number, share: number, shift: number, tokens: boolean): Sampled {
  const first = tokens ? 1 : 0
  const rest = count - first
  const wanted = Math.max(1, Math.round(rest * share))
  const positions = new Int32Array(first + wanted)
  for (let i = 0; i < wanted; i++) positions[first + i] = first + Math.floor(((i + shift) * rest) / wanted)
  const weights = new Float32Array(positions.length).fill(rest / wanted)
  if (tokens) weights[0] = 1
  return { positions, weights }
}

/** Multiples of it spread evenly modulo 1, however many there are. */
const GOLDEN = (Math.sqrt(5) - 1) / 2
