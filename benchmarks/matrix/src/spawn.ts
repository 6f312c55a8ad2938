import { fork } from 'node:child_process'
import type { BreakEvenPoint, BreakEvenTask } from './break-even/measure.js'
import type { Measurement, Task } from './task.js'

export type Request = { readonly relaxedSimd: boolean } & (
  { readonly kind: 'matrix'; readonly task: Task } | { readonly kind: 'break-even'; readonly task: BreakEvenTask }
)
export type Answer =
  | { readonly progress: string }
  | { readonly error: string }
  | { readonly result: Measurement | readonly BreakEvenPoint[] }

/** Measures in a process of its own. Throws what went wrong there as one line. */
export function measureInChild(
  request: Request & { kind: 'matrix' },
  onProgress: (text: string) => void,
): Promise<Measurement>
export function measureInChild(
  request: Request & { kind: 'break-even' },
  onProgress: (text: string) => void,
): Promise<readonly BreakEvenPoint[]>
export function measureInChild(request: Request, onProgress: (text: string) => void): Promise<unknown> {
  const child = fork(new URL('./child.js', import.meta.url))
  return new Promise((resolve, reject) => {
    child.on('message', (answer: Answer) => {
      if ('progress' in answer) onProgress(answer.progress)
      else if ('error' in answer) reject(new BenchmarkError(answer.error))
      else resolve(answer.result)
    })
    child.on('error', reject)
    child.on('exit', (status, signal) =>
      reject(new BenchmarkError(`the measuring process ended (${signal ?? status})`)),
    )
    child.send(request)
  })
}

/** What went wrong, in one line. */
export class BenchmarkError extends Error {}
