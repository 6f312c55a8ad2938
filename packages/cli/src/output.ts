import { TacoError } from '@tacojs/errors'

/** What goes wrong with stdout and stderr while the work goes on. */
export interface Output {
  /** Throws IO where what was written is not all there. */
  check(): Promise<void>
  /** When all is written, or cannot be. */
  close(): Promise<void>
}

/**
 * Nobody may be reading any more, as behind `| head`: progress and results are then written to nobody, and the work is
 * finished. A full disk is an error, once the work is done.
 */
export function watchOutput(): Output {
  let failed: NodeJS.ErrnoException | undefined
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') failed = error
  }
  const streams = [process.stdout, process.stderr]
  for (const stream of streams) stream.on('error', onError)
  // what waits is written first; errors are told a turn later
  const written = async (): Promise<void> => {
    for (const stream of streams) {
      if (stream.writableLength === 0) continue
      const error = await new Promise<NodeJS.ErrnoException | null | undefined>((resolve) => stream.write('', resolve))
      if (error && error.code !== 'ERR_STREAM_DESTROYED') onError(error)
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    async check() {
      await written()
      if (failed) throw new TacoError('IO', `the work is done, but its result cannot be written: ${failed.message}`)
    },
    async close() {
      await written()
      // what has failed may still say so
      for (const stream of streams) if (!stream.errored) stream.off('error', onError)
    },
  }
}
