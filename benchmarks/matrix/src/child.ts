/**
 * The process that measures one task, which comes as its first message. A runtime's number of threads is often fixed for
 * a process, and so are V8's flags: hence one process per task.
 */
import { setFlagsFromString } from 'node:v8'
import { isTacoError } from '@tacojs/errors'
import type { Answer, Request } from './spawn.js'

const send = (answer: Answer): Promise<void> => new Promise((resolve) => process.send!(answer, () => resolve()))

process.on('disconnect', () => process.exit(1))
process.once('message', async ({ kind, task, relaxedSimd }: Request) => {
  // Node 20 has relaxed SIMD behind a flag; newer versions have it on and do not know the flag any more
  if (relaxedSimd && process.versions.node.startsWith('20.')) setFlagsFromString('--experimental-wasm-relaxed-simd')
  const progress = (text: string): void => void send({ progress: text })
  try {
    const { measureGroup } = await import('./group.js')
    const { measureBreakEven } = await import('./break-even/measure.js')
    await send({
      result: kind === 'matrix' ? await measureGroup(task, progress) : await measureBreakEven(task, progress),
    })
    process.exit(0)
  } catch (error) {
    if (!isTacoError(error)) console.error(error)
    await send({ error: isTacoError(error) ? `${error.message} [${error.code}]` : 'the measuring process failed' })
    process.exit(1)
  }
})
