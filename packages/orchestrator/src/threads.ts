import type { Program } from '@tacojs/runtime'

/** What to say once when a program has fewer threads than were asked for. */
export function fewerThreads({ threads, whyFewerThreads }: Program): string | undefined {
  if (whyFewerThreads === undefined) return undefined
  return `${threads === 1 ? 'one thread' : `${threads} threads`} only: ${whyFewerThreads}`
}
