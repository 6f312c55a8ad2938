import { TacoError } from './taco-error.js'

/** Throws ABORTED when the signal has been raised; the signal's own reason is kept as the cause. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new TacoError('ABORTED', 'cancelled', { cause: signal.reason })
}

/**
 * Lets waiting events in (Ctrl-C, a click on "cancel"), then throws ABORTED when the signal has been raised. Long
 * synchronous work calls it between its steps: awaiting settled promises alone never reaches the event loop.
 */
export async function checkpoint(signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => setTimeout(resolve, 0))
  throwIfAborted(signal)
}
