export type Stage = 'load' | 'calibrate' | 'allocate' | 'prune' | 'prune-control' | 'evaluate' | 'latency' | 'write'

/** Sent at the start of each step and when it ends (`done === total`). */
export interface ProgressEvent {
  readonly stage: Stage
  readonly done: number
  readonly total: number
  /** What is being worked on: a layer, a file. */
  readonly detail?: string
  /** Part of the stage's work that is done, 0 to 1, where its steps are not alike; otherwise `done` of `total` says it. */
  readonly share?: number
}

/** What long work says of itself; see `ProgressEvent`. */
export type OnStep = (done: number, total: number, detail?: string, share?: number) => void

export interface RunOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (event: ProgressEvent) => void
}

/**
 * Parts of the pruning stages: gradients for the positions' weights, forward passes of both streams, sums over
 * positions, the solver.
 */
export type PrunePart = 'weights' | 'capture' | 'statistics' | 'solve'

/** Seconds spent in each stage, and in the parts of a stage, in the order they first ran. */
export class StageTimer {
  readonly seconds: Record<string, number> = {}

  async time<T>(stage: Stage | `${Stage}/${PrunePart}`, work: () => Promise<T> | T): Promise<T> {
    const start = performance.now()
    try {
      return await work()
    } finally {
      this.seconds[stage] = (this.seconds[stage] ?? 0) + (performance.now() - start) / 1000
    }
  }
}
