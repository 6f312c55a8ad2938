import { throwIfAborted, type TacoError } from '@tacojs/errors'
import {
  controlBytes,
  createTeam,
  instantiate,
  whyNoThreads,
  type InstantiateOptions,
  type WasmInstance,
} from '@tacojs/wasm'
import { kernels as embedded } from '../generated/kernels.js'

/** ExactOBS of row groups, each a problem of its own; see assembly/job.ts. Nothing here knows of layers. */
export interface Elimination {
  /** Precision of P = H⁻¹ and of the weights: f32 or f64. */
  readonly bits: 32 | 64
  readonly groups: number
  /** Rows of a group, which share P. */
  readonly rows: number
  /** Columns. */
  readonly n: number
  /** [n]: which columns leave together; ascending, from 0 to units − 1. */
  readonly unit: Int32Array
  readonly units: number
  /** diag H [n]. */
  readonly diagonal: Float64Array
  /**
   * H⁻¹ [n, n], where all groups start from all columns; or H [n, n] and the columns that each group starts from
   * [groups, n], 1 = there.
   */
  readonly start: { readonly inverse: Float64Array } | { readonly h: Float64Array; readonly supports: Uint8Array }
  /** How many columns may leave each set [groups, sets], and the set of each column [n], whose columns are neighbours. */
  readonly quotas?: { readonly left: Int32Array; readonly set: Int32Array; readonly sets: number }
  /** Units to remove from each group, at most. */
  readonly depth: number
  /**
   * The best weights on all columns [groups · rows, n], or those times H where there are supports. What is left of the
   * weights takes their place.
   */
  readonly weights: Float64Array
  readonly signal?: AbortSignal
}

export interface Removals {
  /** [groups, units]: the units in the order of their removal, −1 behind the last. */
  readonly order: Int32Array
  /** [groups, units]: what the loss rose by with each, 0 behind the last. */
  readonly losses: Float64Array
}

export interface ObsOptions extends Omit<InstantiateOptions, 'shared'> {
  readonly threads?: number
}

export interface ObsKernels {
  /** Threads that a call is shared among, the calling one included: each takes part in every call. */
  readonly threads: number
  /** Throws OUT_OF_MEMORY, ABORTED between groups, THREAD_LOST where a thread was lost. */
  eliminate(elimination: Elimination): Removals
  dispose(): void
}

interface Exports {
  scratchBytes(job: number): number
  run(job: number): number
}

const jobWords = 26
/** Pending removals: enough that the product is worth it, few enough that the columns taken meanwhile are cheap. */
const batch = 32
/** Floating-point operations between looks at the signal, some seconds. */
const turn = 4e10
/** A group may take minutes; a thread that dies is noticed at once all the same. */
const patience = 3_600_000

export async function loadObs({ threads = 1, ...options }: ObsOptions): Promise<ObsKernels> {
  const shared = threads > 1 && whyNoThreads() === undefined
  const instance = await instantiate<Exports>(embedded, { ...options, shared })
  const { arena, module, memory } = instance
  const control = arena.alloc(controlBytes)
  const team = createTeam({ module, memory, control, threads, patience })
  await team.ready()
  let lost: TacoError | undefined
  return {
    get threads() {
      return team.size
    },
    eliminate(elimination) {
      if (lost) throw lost
      const mark = arena.mark()
      try {
        return eliminate(instance, control, team.size, elimination, () => (lost = team.fail()))
      } finally {
        arena.release(mark)
      }
    },
    dispose: () => team.dispose(),
  }
}

function eliminate(
  { exports, arena }: WasmInstance<Exports>,
  control: number,
  threads: number,
  it: Elimination,
  fail: () => TacoError,
): Removals {
  const { bits, groups, rows, n, units, unit, quotas, weights, signal } = it
  const order = new Int32Array(groups * units).fill(-1)
  const losses = new Float64Array(groups * units)
  const supports = 'supports' in it.start ? it.start.supports : undefined
  const width = largestUnit(unit)
  const most = supports ? largestSupport(supports, n) : n
  const chunk = Math.min(groups, Math.max(4 * threads, Math.ceil(turn / most ** 3)))

  const job = arena.alloc(4 * jobWords)
  const at = {
    unit: copy(Int32Array, unit),
    floor: copy(
      Float64Array,
      it.diagonal.map((h) => 1 / h),
    ),
    set: quotas ? copy(Int32Array, quotas.set) : 0,
    inverse: 'inverse' in it.start ? copy(bits === 32 ? Float32Array : Float64Array, it.start.inverse) : 0,
    h: 'h' in it.start ? copy(Float64Array, it.start.h) : 0,
    supports: supports ? arena.alloc(chunk * n) : 0,
    quota: quotas ? arena.alloc(4 * chunk * quotas.sets) : 0,
    weights: arena.alloc(8 * chunk * rows * n),
    order: arena.alloc(4 * chunk * units),
    losses: arena.alloc(8 * chunk * units),
    counter: arena.alloc(64),
  }
  const words = (count: number, scratch: number, step: number) => [
    ...[control, bits, count, rows, n, most, units, width, Math.max(batch, width), it.depth],
    ...[at.unit, at.floor, at.inverse, at.h, at.supports, at.quota, at.set, quotas?.sets ?? 0],
    ...[at.weights, at.order, at.losses, at.counter, scratch, step],
  ]
  // before the view of the memory, which ends where the memory grows
  const probe = arena.alloc(512)
  arena.int32(job, jobWords).set(words(0, probe, 0))
  const step = exports.scratchBytes(job) >>> 0
  const scratch = arena.alloc(step * threads)

  for (let from = 0; from < groups; from += chunk) {
    throwIfAborted(signal)
    const to = Math.min(from + chunk, groups)
    const count = to - from
    const part = weights.subarray(from * rows * n, to * rows * n)
    arena.int32(job, jobWords).set(words(count, scratch, step))
    arena.float64(at.weights, part.length).set(part)
    if (supports) arena.uint8(at.supports, count * n).set(supports.subarray(from * n, to * n))
    if (quotas) {
      const { left, sets } = quotas
      arena.int32(at.quota, count * sets).set(left.subarray(from * sets, to * sets))
    }
    if (!exports.run(job)) throw fail()
    part.set(arena.float64(at.weights, part.length))
    order.set(arena.int32(at.order, count * units), from * units)
    losses.set(arena.float64(at.losses, count * units), from * units)
  }
  return { order, losses }

  function copy(
    Type: typeof Int32Array | typeof Float32Array | typeof Float64Array,
    values: Int32Array | Float64Array,
  ): number {
    const pointer = arena.alloc(values.length * Type.BYTES_PER_ELEMENT)
    new Type(arena.memory.buffer, pointer, values.length).set(values)
    return pointer
  }
}

function largestUnit(unit: Int32Array): number {
  let most = 1
  for (let j = 0, size = 0; j < unit.length; j++) {
    size = j > 0 && unit[j] === unit[j - 1] ? size + 1 : 1
    most = Math.max(most, size)
  }
  return most
}

function largestSupport(supports: Uint8Array, n: number): number {
  let most = 1
  for (let from = 0; from < supports.length; from += n) {
    let size = 0
    for (let j = from; j < from + n; j++) size += supports[j]
    most = Math.max(most, size)
  }
  return most
}
