type Scores = Float32Array | Float64Array

/** Up to this many scores, sorting is quicker than counting. */
const few = 512
/** Sign, exponent and the first bits of the fraction: as integers they have the order of numbers that are not negative. */
const leadingBits = 13

/**
 * Marks the `count` smallest scores in `chosen` (1 = chosen, 0 = not), the lowest index first among equals: what a
 * stable sort would take. Scores must be neither negative nor NaN. Linear in their number.
 */
export function markSmallest(scores: Scores, count: number, chosen: Uint8Array): void {
  if (count <= 0 || scores.length === 0) {
    chosen.fill(0)
    return
  }
  const threshold = smallest(scores, Math.min(count, scores.length) - 1)
  let equals = count
  if (scores instanceof Float32Array) {
    // As integers, and without a branch, which nothing could predict.
    const words = new Int32Array(scores.buffer, scores.byteOffset, scores.length)
    const limit = new Int32Array(Float32Array.of(threshold).buffer)[0]
    for (let i = 0; i < words.length; i++) {
      const smaller = (words[i] - limit) >>> 31
      chosen[i] = smaller
      equals -= smaller
    }
  } else {
    for (let i = 0; i < scores.length; i++) {
      const smaller = scores[i] < threshold ? 1 : 0
      chosen[i] = smaller
      equals -= smaller
    }
  }
  for (let i = 0; equals > 0 && i < scores.length; i++) {
    if (scores[i] === threshold) {
      chosen[i] = 1
      equals--
    }
  }
}

/** The k-th smallest, from 0: counted by leading bits, and sorted among those that have the same. */
function smallest(scores: Scores, k: number): number {
  if (scores.length <= few) return scores.slice().sort()[k]
  const words = new Uint32Array(scores.buffer, scores.byteOffset, scores.byteLength / 4)
  const stride = scores.BYTES_PER_ELEMENT / 4
  const shift = 32 - leadingBits
  const counts = new Uint32Array(1 << leadingBits)
  // Numbers are little-endian wherever there is WebAssembly: the last word is the leading one.
  for (let i = stride - 1; i < words.length; i += stride) counts[words[i] >>> shift]++
  let bucket = 0
  while (k >= counts[bucket]) k -= counts[bucket++]
  const same = new (scores.constructor as new (length: number) => Scores)(counts[bucket])
  for (let i = 0, n = 0; n < same.length; i++) {
    if (words[i * stride + stride - 1] >>> shift === bucket) same[n++] = scores[i]
  }
  return same.sort()[k]
}
