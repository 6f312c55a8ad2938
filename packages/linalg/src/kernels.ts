import { TacoError } from '@tacojs/errors'
import { controlBytes, createTeam, instantiate, whyNoThreads, type InstantiateOptions, type Team } from '@tacojs/wasm'
import { kernels as embedded } from './generated/kernels.js'
import type { Matrix } from './matrix.js'
import { createMemory, type Memory } from './memory.js'

export interface LinalgOptions extends Omit<InstantiateOptions, 'shared'> {
  /** Threads that large calls are shared among, the calling one included; 1 unless given. Results do not depend on it. */
  readonly threads?: number
}

interface Exports {
  workBytes(job: number): number
  run(job: number, alone: number): number
  transpose32(rows: number, cols: number, a: number, aRow: number, b: number, bRow: number): void
  transpose64: Exports['transpose32']
  factorRows32(n: number, a: number, row: number): number
  factorRows64: Exports['factorRows32']
  potrs32(n: number, count: number, l: number, row: number, b: number, bRow: number): void
  potrs64: Exports['potrs32']
  iterationPanels(n: number): number
  wordsOf(m: number, n: number, flags: number, words: number, row: number): void
  flagsOf(m: number, n: number, words: number, row: number, flags: number): void
}

const ops = {
  product: 0,
  cholesky: 1,
  solve: 2,
  invert: 3,
  scatter: 4,
  packAll: 5,
  iterate: 6,
  smallest: 7,
  principal: 8,
  groups: 9,
  blockSums: 10,
  spread: 11,
} as const

/** A call of the kernels, as assembly/job.ts has it; what a kernel does not use is left out. */
interface Job {
  readonly m?: number
  readonly n: number
  readonly k?: number
  readonly alpha?: number
  readonly a: Matrix
  readonly b?: Matrix
  readonly c?: Matrix
  /** What they say depends on the kernel. */
  readonly flags?: number
  /** Pointers to further arrays. */
  readonly d?: number
  readonly e?: number
  readonly f?: number
  /** Multiply-adds, to judge whether threads are worth their while. */
  readonly work: number
}

/** Multiply-adds below which a job is done alone: some 50 µs, several times what it costs to share it. */
const WORTH_SHARING = 1e6

/** Threads that a team can have. */
const MOST_THREADS = 64
/** What assembly/job.ts keeps for all members, and for each. */
const COUNTER_BYTES = 512
const RECORD_BYTES = 320
const JOB_BYTES = 96

/** The kernels of one precision, and the memory they work on. */
export interface Kernels {
  readonly memory: Memory
  /** Bytes of an element. */
  readonly size: 4 | 8
  /** Runs a job with all threads. Gives the first column that failed, or −1. Throws where a thread was lost. */
  run(op: keyof typeof ops, job: Job): number
  /** b ← aᵀ, the columns of both contiguous. */
  transpose(a: Matrix, b: Matrix): void
  /** Cholesky of a few unknowns: the lower triangle in place. Gives the first column that failed, or −1. */
  factorRows(a: Matrix): number
  /** Each row b of B ← (L·Lᵀ)⁻¹·b. */
  potrs(l: Matrix, b: Matrix): void
}

/** Both precisions on one memory, and the threads that work on it. */
export interface Loaded {
  readonly f32: Kernels
  readonly f64: Kernels
  readonly team: Team
  /** Members that a job can have. */
  readonly most: number
  /** Bytes of the panels of a matrix [n, n] that `packAll` packs. */
  panelBytes(n: number): number
  /** Words −1 and 0 for flags 0 and 1 [m, n] at a pointer, and back; the words' rows lie `row` bytes apart. */
  readonly wordsOf: Exports['wordsOf']
  readonly flagsOf: Exports['flagsOf']
  /** Set once a thread was lost, which may go on writing for a while: nothing is to be computed here any more. */
  readonly lost: TacoError | undefined
}

/**
 * Throws INVALID_ARGUMENT for a memory limit that is no number above 0, as well as what instances and threads throw.
 */
export async function loadKernels({ threads = 1, ...options }: LinalgOptions): Promise<Loaded> {
  const { memoryLimit } = options
  if (memoryLimit !== undefined && !(typeof memoryLimit === 'number' && memoryLimit > 0)) {
    throw new TacoError(
      'INVALID_ARGUMENT',
      `memoryLimit is ${memoryLimit}; give bytes, a number above 0, or leave it out`,
    )
  }
  const shared = threads > 1 && whyNoThreads() === undefined
  const { exports, arena, module, memory } = await instantiate<Exports>(embedded, { ...options, shared })
  const control = arena.alloc(controlBytes)
  const job = arena.alloc(JOB_BYTES)
  const scratch = arena.alloc(COUNTER_BYTES + MOST_THREADS * RECORD_BYTES)
  const heap = createMemory(memory, arena.mark(), options.memoryLimit)
  const team = createTeam({ module, memory, control, threads })
  await team.ready()
  let lost: TacoError | undefined

  const run = (
    size: 4 | 8,
    op: keyof typeof ops,
    { m = 0, n, k = 0, alpha = 1, a, b, c, flags = 0, d = 0, e = 0, f = 0, work }: Job,
  ): number => {
    const strides = (x: Matrix | undefined) => (x ? [x.pointer, x.rs * size, x.cs * size] : [0, 0, 0])
    const words = [control, ops[op], size * 8, m, n, k, ...strides(a), ...strides(b), ...strides(c)]
    words.push(flags, scratch, 0, -1, d, e, f)
    heap.float64(job, 1)[0] = alpha
    heap.int32(job + 8, words.length).set(words)
    const mark = heap.mark()
    try {
      // the views made before may be of no use after this
      const panels = heap.alloc(exports.workBytes(job) >>> 0)
      heap.int32(job + 76, 1)[0] = panels
      if (!exports.run(job, work < WORTH_SHARING ? 1 : 0)) throw (lost = team.fail())
      return heap.int32(job + 80, 1)[0]!
    } finally {
      heap.release(mark)
    }
  }

  const of = (bits: 32 | 64): Kernels => {
    const size = bits === 32 ? 4 : 8
    return {
      memory: heap,
      size,
      run: (op, job) => run(size, op, job),
      transpose: (a, b) => exports[`transpose${bits}`](a.rows, a.cols, a.pointer, a.rs * size, b.pointer, b.rs * size),
      factorRows: (a) => exports[`factorRows${bits}`](a.rows, a.pointer, a.rs * size),
      potrs: (l, b) => exports[`potrs${bits}`](l.rows, b.rows, l.pointer, l.rs * size, b.pointer, b.rs * size),
    }
  }
  return {
    f32: of(32),
    f64: of(64),
    team,
    most: threads,
    wordsOf: exports.wordsOf,
    flagsOf: exports.flagsOf,
    panelBytes: (n) => exports.iterationPanels(n) >>> 0,
    get lost() {
      return lost
    },
  }
}
