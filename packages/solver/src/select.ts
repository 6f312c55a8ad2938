/** Up to this many scores, counting the smaller ones of each is quicker than sorting. */
const few = 32

/**
 * Marks the `count` smallest scores in `chosen` (1 = chosen, 0 = not), the lowest index first among equals: what a
 * stable sort would take. Sorting plain numbers and taking a threshold is several times faster than sorting indices.
 * Scores must not be NaN.
 */
export function markSmallest(scores: Float64Array, count: number, chosen: Uint8Array): void {
  if (scores.length <= few) return markByRank(scores, count, chosen)
  chosen.fill(0)
  if (count <= 0) return
  const sorted = scores.slice().sort()
  const threshold = sorted[Math.min(count, sorted.length) - 1]
  let equals = count
  for (let i = 0; i < scores.length; i++) {
    if (scores[i] < threshold) {
      chosen[i] = 1
      equals--
    }
  }
  for (let i = 0; equals > 0 && i < scores.length; i++) {
    if (scores[i] === threshold) {
      chosen[i] = 1
      equals--
    }
  }
}

function markByRank(scores: Float64Array, count: number, chosen: Uint8Array): void {
  for (let i = 0; i < scores.length; i++) {
    let rank = 0
    for (let j = 0; j < scores.length; j++) {
      if (scores[j] < scores[i] || (scores[j] === scores[i] && j < i)) rank++
    }
    chosen[i] = rank < count ? 1 : 0
  }
}
