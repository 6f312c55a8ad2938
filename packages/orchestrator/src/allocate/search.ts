import { throwIfAborted } from '@tacojs/errors'

export interface SearchOptions {
  /** Known to be good. */
  readonly good: number
  /** The best that there could be, above or below: 1 kept of 100 where an accuracy limits, 0 where a size does. */
  readonly wish: number
  /** Ends where what is kept is known to this share of itself. */
  readonly tolerance: number
  readonly signal?: AbortSignal
  readonly onAttempt?: (attempt: number, sparsity: number) => void
}

/**
 * The good sparsity nearest to a wish, where all between it and a good one are good, by bisection over the logarithm of
 * what is kept. The first attempt is the wish itself; the answer was tried and found good, or is the one that was known.
 * Throws ABORTED, and what `isGood` throws.
 */
export async function searchSparsity(
  isGood: (sparsity: number) => Promise<boolean> | boolean,
  { good, wish, tolerance, signal, onAttempt }: SearchOptions,
): Promise<number> {
  let [found, bad] = [good, wish]
  for (let attempt = 1; ; attempt++) {
    // halfway between the logarithms of what both keep
    const sparsity = attempt === 1 ? wish : 1 - Math.sqrt((1 - found) * (1 - bad))
    throwIfAborted(signal)
    onAttempt?.(attempt, sparsity)
    if (await isGood(sparsity)) found = sparsity
    else bad = sparsity
    if (found === wish || Math.abs(Math.log((1 - found) / (1 - bad))) <= Math.log1p(tolerance)) return found
  }
}
