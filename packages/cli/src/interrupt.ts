import { endLine } from './print.js'

/** An AbortSignal that Ctrl-C (SIGINT) or SIGTERM raises; a second Ctrl-C ends the process at once. */
export function onInterrupt(): { signal: AbortSignal; dispose: () => void } {
  const controller = new AbortController()
  const handler = (): void => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort(new Error('interrupted'))
    // the terminal's ^C has no line of its own either
    if (!endLine()) process.stderr.write('\n')
    process.stderr.write('stopping after the present step; press Ctrl-C again to stop at once\n')
  }
  process.on('SIGINT', handler)
  process.on('SIGTERM', handler)
  return {
    signal: controller.signal,
    dispose: () => {
      process.off('SIGINT', handler)
      process.off('SIGTERM', handler)
    },
  }
}
