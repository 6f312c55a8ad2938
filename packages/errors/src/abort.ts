import { TacoError } from './taco-error.js'

/** Throws ABORTED when the signal has been raised; the signal's own reason is kept as the cause. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new TacoError('ABORTED', 'cancelled', { cause: signal.reason })
}
