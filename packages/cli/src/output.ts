import { TacoError } from '@tacojs/errors'

/** What goes wrong with stdout and stderr while the work goes on. */
export interface Output {
  /** Throws IO where what was written is not all there. */
  check(): Promise<void>
  /** When all is written, or cannot be. */
  close(): Promise<void>
}

/** What a pipe says whose reader has gone, on Windows too, and a stream that was told so before. */
const NOBODY = ['EPIPE', 'EOF', 'ERR_STREAM_DESTROYED']

/**
 * Nobody may be reading any more, as behind `| head`: progress and results are then written to nobody, and the work is
 * finished. A full disk is an error, once the work is done.
 */
export function watchOutput(): Output {
  let failed: NodeJS.ErrnoException | undefined
  let seen = false
  const onResult = (error: NodeJS.ErrnoException): void => {
    seen = true
    if (!NOBODY.includes(error.code ?? '')) failed = error
  }
  // progress and messages are no result
  const onMessage = (): void => void (seen = true)
  const { stdout, stderr } = process
  stdout.on('error', onResult)
  stderr.on('error', onMessage)
  // what waits is written first; errors are told a turn later
  const written = async (): Promise<void> => {
    for (const stream of [stdout, stderr]) {
      if (stream.writableLength === 0) continue
      const error = await new Promise<NodeJS.ErrnoException | null | undefined>((resolve) => stream.write('', resolve))
      if (error && stream === stdout) onResult(error)
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
      if (seen) return
      stdout.off('error', onResult)
      stderr.off('error', onMessage)
    },
  }
}
