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
  await new Promise<void>(nextTurn)
  throwIfAborted(signal)
}

/** Calls back in the event loop's next turn. Timers would make thousands of calls wait for a millisecond or four each. */
function nextTurn(callback: () => void): void {
  if (typeof setImmediate === 'function') {
    setImmediate(callback)
    return
  }
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => {
    port1.close()
    callback()
  }
  port2.postMessage(undefined)
}
