import { TacoError } from '@tacojs/errors'
import { whyNoThreads } from './why-no-threads.js'
import { startWorker } from './worker.js'

/** Bytes of a control block, which must be aligned to 64. */
export const controlBytes = 384

/** Byte offsets in it; assembly/team.ts explains them. */
const at = { ticket: 0, mayBlock: 8, patience: 12, left: 64, generation: 192, ready: 256, failed: 260 }

export interface TeamOptions {
  /** Exports `work(control: usize, id: i32)`, the loop of a worker; see assembly/team.ts. */
  readonly module: WebAssembly.Module
  /** The memory of the caller's instance. */
  readonly memory: WebAssembly.Memory
  /** A pointer to `controlBytes` reserved bytes; they stay reserved as long as the memory is in use. */
  readonly control: number
  /** Threads wanted, the caller included: 1 to 64. */
  readonly threads: number
  /** Milliseconds that members wait for one that does not arrive, before it counts as lost; 10 000 unless given. */
  readonly patience?: number
}

/** The calling thread and its workers, which the kernels of one instance share their jobs among. */
export interface Team {
  /** Members that a job published now has, the caller included; grows while workers start. */
  readonly size: number
  /** Why there are fewer threads than wanted; undefined while there is nothing to say. */
  readonly reason: string | undefined
  /** Resolves to `size` when each worker is ready or given up, after `limit` milliseconds at the latest (5 000). */
  ready(limit?: number): Promise<number>
  /**
   * To be called when a kernel returned that a thread was lost: ends the workers for good. The error to throw is
   * returned; the results of that job, and whatever else it could write to, are of no use. The caller goes on alone.
   */
  fail(): TacoError
  /** Ends the workers; idempotent. */
  dispose(): void
}

/**
 * Starts workers on the memory; jobs may be published at once, and workers join as they become ready. Where there can be
 * none the team is the caller alone, and `reason` says why. Throws INVALID_ARGUMENT for another number of threads.
 */
export function createTeam({ module, memory, control, threads, patience = 10_000 }: TeamOptions): Team {
  if (!Number.isSafeInteger(threads) || threads < 1 || threads > 64) {
    throw new TacoError('INVALID_ARGUMENT', `threads is ${threads}; give an integer from 1 to 64`)
  }
  const words = new Int32Array(memory.buffer, control, controlBytes / 4)
  const { load, notify, store } = Atomics
  words.fill(0)
  words[at.ticket >> 2] = 1
  words[at.mayBlock >> 2] = mayBlock() ? 1 : 0
  words[at.patience >> 2] = patience

  let reason: string | undefined
  let ended = threads === 1
  const workers: { terminate(): unknown }[] = []
  let pending = 0
  let allSettled = () => {}
  const settled = new Promise<void>((resolve) => (allSettled = resolve))

  const end = () => {
    if (ended) return
    ended = true
    store(words, at.failed >> 2, 1)
    store(words, at.ticket >> 2, 0)
    notify(words, at.ticket >> 2)
    for (const worker of workers) worker.terminate()
    allSettled()
  }

  const start = () => {
    pending++
    let known = false
    const data = { module, memory, control, ready: at.ready, failed: at.failed, wake: [at.left, at.generation] }
    const worker = startWorker(data, (error) => {
      if (error !== '' && !ended) reason = `a worker was lost: ${error}`
      if (known) return
      known = true
      if (--pending === 0) allSettled()
    })
    workers.push(worker)
  }

  if (!ended) {
    reason = whyNoThreads() ?? (isShared(memory) ? undefined : 'the memory is not shared')
    try {
      for (let id = 1; id < threads && reason === undefined; id++) start()
    } catch (error) {
      reason = `workers cannot be made: ${error instanceof Error ? error.message : error}`
    }
    if (pending === 0) ended = true
  }
  if (ended) allSettled()

  const size = () => (ended || load(words, at.failed >> 2) !== 0 ? 1 : 1 + load(words, at.ready >> 2))

  return {
    get size() {
      return size()
    },

    get reason() {
      return reason
    },

    async ready(limit = 5000) {
      // the timer also keeps a process alive that has nothing else to do
      let timer: ReturnType<typeof setTimeout> | undefined
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, limit)))
      await Promise.race([settled, late])
      clearTimeout(timer)
      return size()
    },

    fail() {
      end()
      reason ??= 'a thread did not arrive in time'
      return new TacoError('THREAD_LOST', 'a thread died or did not arrive in time; try again, or use fewer threads')
    },

    dispose: end,
  }
}

const isShared = ({ buffer }: WebAssembly.Memory) =>
  Object.prototype.toString.call(buffer) === '[object SharedArrayBuffer]'

/** Whether this thread may sleep: not so the main thread of a page. */
function mayBlock(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0)
    return true
  } catch {
    return false
  }
}
