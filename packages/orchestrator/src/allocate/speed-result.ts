import type { Latency } from '@tacojs/runtime'
import type { Recipe } from '../recipe.js'

export interface SpeedResult {
  /** The most milliseconds that one image may take, as asked for or by the dense model's time. */
  readonly goalMs: number
  /** Of the network with as many zeros at random places, before it was pruned. */
  readonly predictedMs: number
  /** Of the specialist. */
  readonly measuredMs: number
  /** Whether it takes no longer than asked for, but for a tenth that repeated timings may differ by. */
  readonly reached: boolean
}

/** What a speed has come to, the dense model and the specialist timed in turn. */
export function speedResult(
  { maxMs, speedUp }: Pick<Recipe, 'maxMs' | 'speedUp'>,
  predictedMs: number,
  [dense, specialist]: readonly Pick<Latency, 'medianMs'>[],
): SpeedResult {
  const goalMs = maxMs ?? dense!.medianMs / speedUp!
  const measuredMs = specialist!.medianMs
  return { goalMs, predictedMs, measuredMs, reached: measuredMs <= 1.1 * goalMs }
}
