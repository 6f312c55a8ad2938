import type { Sparsity } from './sparsity.js'

/** What one process measures: everything of one model that is to be compared, with one number of threads. */
export interface Task {
  readonly model: string
  readonly backend: string
  readonly threads: number
  readonly batch: number
  readonly sparsities: readonly Sparsity[]
  readonly peers: readonly string[]
  readonly warmup: number
  readonly rounds: number
}

/** One that takes part in the rounds. */
export interface Entry {
  /** 'ort-web', 'ort-node', or the name of one of our backends. */
  readonly runtime: string
  /** Ours, and not a peer. */
  readonly own: boolean
  readonly sparsity: Sparsity
  readonly threads: number
  readonly batch: number
}

export interface Measured extends Entry {
  /** Compiling, packing the weights and one run. */
  readonly firstRunMs?: number
  /** Milliseconds, one per round. */
  readonly times: readonly number[]
}

export interface Measurement {
  readonly entries: readonly Measured[]
  /** The largest difference between two runtimes' logits of the same weights; undefined where none was compared. */
  readonly worstDifference?: number
  /** Name to version. */
  readonly peerVersions: Readonly<Record<string, string>>
}

const dense: Sparsity = { share: 0, rows: 1 }
// tfjs's wasm never threads in Node
const unthreaded = new Set(['tfjs-wasm', 'tfjs-cpu'])

/**
 * Who takes part: the peers on the dense model, ours at each sparsity, and ours again with one thread or one image,
 * where the task has more: what threads and batches are worth is measured in the same rounds.
 */
export function entriesOf({ backend, threads, batch, sparsities, peers }: Task): Entry[] {
  const peer = (runtime: string): Entry => ({
    runtime,
    own: false,
    sparsity: dense,
    threads: unthreaded.has(runtime) ? 1 : threads,
    batch,
  })
  const ours = (as: { threads: number; batch: number }): Entry[] =>
    sparsities.map((sparsity) => ({ runtime: backend, own: true, sparsity, ...as }))
  return [
    ...peers.map(peer),
    ...ours({ threads, batch }),
    ...(threads > 1 ? ours({ threads: 1, batch }) : []),
    ...(batch > 1 ? ours({ threads, batch: 1 }) : []),
  ]
}
