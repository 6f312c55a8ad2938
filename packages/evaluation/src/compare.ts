import { TacoError } from '@tacojs/errors'
import type { Evaluation } from './evaluate.js'

/** Two classifiers on the same images. */
export interface Comparison {
  /** Images on which the predictions differ. */
  readonly changed: number
  /** Images that only the second gets right. */
  readonly gained: number
  /** Images that only the first gets right. */
  readonly lost: number
  /** Difference of top-1, second minus first, and its standard error from the paired counts (McNemar). */
  readonly difference: number
  readonly standardError: number
}

/**
 * Paired comparison. With g gained and l lost of n images the difference is (g − l)/n and its variance
 * (g + l − (g − l)²/n)/n².
 *
 * @throws SHAPE_MISMATCH when the evaluations are not of the same images
 */
export function compare(first: Evaluation, second: Evaluation): Comparison {
  const n = first.images
  if (n !== second.images || first.labels.some((label, i) => label !== second.labels[i])) {
    throw new TacoError('SHAPE_MISMATCH', 'the two evaluations are not of the same images')
  }
  let changed = 0
  let gained = 0
  let lost = 0
  first.labels.forEach((label, i) => {
    const a = first.predictions[i]
    const b = second.predictions[i]
    if (a !== b) changed++
    if (b === label && a !== label) gained++
    if (a === label && b !== label) lost++
  })
  const difference = (gained - lost) / n
  return { changed, gained, lost, difference, standardError: Math.sqrt(gained + lost - (gained - lost) ** 2 / n) / n }
}
