import { markSmallest } from './select.js'

/**
 * Takes the weights of dead inputs out of `mask` (1 = kept), which starts all kept, and gives how many zeros are still
 * to be chosen among the live weights. Where fewer zeros are asked for than there are such weights, the smallest go.
 */
export function pruneDead(mask: Uint8Array, dead: Uint8Array, weights: Float64Array, zeros: number): number {
  const cols = dead.length
  const indices: number[] = []
  for (let i = 0; i < mask.length; i++) if (dead[i % cols]) indices.push(i)
  const count = Math.min(zeros, indices.length)
  const chosen = new Uint8Array(indices.length)
  markSmallest(
    Float64Array.from(indices, (i) => Math.abs(weights[i])),
    count,
    chosen,
  )
  indices.forEach((i, k) => (mask[i] = 1 - chosen[k]))
  return zeros - count
}
