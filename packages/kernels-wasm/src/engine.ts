import { TacoError } from '@tacojs/errors'
import {
  controlBytes,
  createHeap,
  createTeam,
  instantiate,
  whyNoThreads,
  type Heap,
  type Team,
  type WasmBuild,
} from '@tacojs/wasm'
import { At } from './addresses.js'
import { constants } from './constants.js'
import { kernels } from './generated/kernels.js'

interface Exports {
  run(control: number, list: number, count: number): number
  runLists(control: number, lists: number, number: number, count: number): number
}

/** The kernels on a memory, with the threads that work on it: of all programs of a backend, or of one alone. */
export interface Engine {
  readonly heap: Heap
  readonly build: WasmBuild
  readonly team: Team | undefined
  /** Runs commands; throws when a thread was lost. Returns the number of threads. */
  run(list: number, count: number): number
  /** Runs lists of `count` commands each, every list on one thread; else as `run`. Returns the threads that had one. */
  runLists(lists: readonly number[], count: number): number
  dispose(): void
}

export interface EngineOptions {
  readonly build?: WasmBuild
  readonly memoryLimit?: number
}

/** Bytes after the control block for the job that it publishes. */
const jobBytes = 64

export async function createEngine(threads: number, { build, memoryLimit }: EngineOptions): Promise<Engine> {
  const shared = threads > 1 && whyNoThreads() === undefined
  const instance = await instantiate<Exports>(kernels, { build, memoryLimit, shared })
  const { memory, module, exports } = instance
  const heap = createHeap(memory, { start: At.End, limit: memoryLimit })
  for (const [address, values] of constants) heap.float32(address, values.length).set(values)
  let control = 0
  let team: Team | undefined
  if (threads !== 1) {
    const at = heap.alloc(controlBytes + jobBytes)
    team = createTeam({ module, memory, control: at, threads })
    if (shared) {
      control = at
      await team.ready()
    }
  }
  const checked = (size: number): number => {
    if (size > 0) return size
    // the workers are of no more use; what comes next runs on this thread
    control = 0
    throw team?.fail() ?? new TacoError('THREAD_LOST', 'a thread was lost; try again, or use fewer threads')
  }
  return {
    heap,
    build: instance.build,
    team,
    run: (list, count) => checked(exports.run(control, list, count)),
    runLists(lists, count) {
      const pointers = heap.alloc(lists.length * 4)
      try {
        heap.uint32(pointers, lists.length).set(lists)
        return Math.min(lists.length, checked(exports.runLists(control, pointers, lists.length, count)))
      } finally {
        heap.free(pointers)
      }
    },
    dispose: () => team?.dispose(),
  }
}
