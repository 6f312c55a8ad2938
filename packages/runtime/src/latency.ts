import { checkpoint } from '@tacojs/errors'
import type { Program } from './backend.js'
import type { Tensor } from '@tacojs/graph'

export interface Latency {
  readonly medianMs: number
  readonly minMs: number
  readonly firstRunMs: number
  readonly runs: number
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/**
 * Latencies of several programs on the same inputs, measured in turn (A B A B …), so that a drift of the machine's
 * speed meets all of them alike. The first run of each is reported apart; the median is over the rest.
 */
export async function measureLatency(
  programs: readonly Program[],
  inputs: Readonly<Record<string, Tensor>>,
  options: { readonly runs?: number; readonly signal?: AbortSignal } = {},
): Promise<Latency[]> {
  const runs = options.runs ?? 10
  const times: number[][] = programs.map(() => [])
  for (let round = 0; round <= runs; round++) {
    for (const [i, program] of programs.entries()) {
      await checkpoint(options.signal)
      const start = performance.now()
      await program.run(inputs)
      times[i]!.push(performance.now() - start)
    }
  }
  return times.map(([first, ...rest]) => ({
    medianMs: median(rest.length ? rest : [first!]),
    minMs: Math.min(...(rest.length ? rest : [first!])),
    firstRunMs: first!,
    runs: rest.length,
  }))
}
