import { TacoError } from '@tacojs/errors'
import type { Heap } from '@tacojs/wasm'
import type { Storage, View } from '../layout/view.js'
import { allocate, type Lifetime } from './allocate.js'
import type { Plan } from './build.js'
import type { HostIo } from './planner.js'
import { chunk, collect, resolve, type Chunk } from './words.js'

/** A plan in memory: runs of commands with work on the host between them. */
export interface PlacedPlan {
  readonly plan: Plan
  readonly stages: readonly (
    { readonly list: number; readonly count: number } | { readonly host: (io: HostIo) => void }
  )[]
  address(storage: Storage): number
  floats(view: View): Float32Array
  readonly bytes: number
  free(): void
}

function lifetimesOf(plan: Plan): Lifetime[] {
  const known = new Map<Storage, Lifetime>()
  const touch = (storage: Storage, step: number): void => {
    const life = known.get(storage)
    if (life) life.last = step
    else known.set(storage, { storage, first: step, last: step })
  }
  plan.steps.forEach((step, i) => [...step.reads, ...step.writes].forEach((s) => touch(s, i)))
  const end = plan.steps.length
  for (const { view } of plan.outputs) if (view) touch(view.storage, end)
  for (const { view } of plan.inputs) if (view) touch(view.storage, 0)
  for (const { storage } of plan.planner.initial) touch(storage, 0)
  for (const life of known.values()) {
    if (life.storage.persistent) {
      life.first = 0
      life.last = end
    }
  }
  return [...known.values()]
}

/** Lays a plan out in the heap. Weights have their addresses already. Throws OUT_OF_MEMORY and frees what it took. */
export function placePlan(plan: Plan, heap: Heap): PlacedPlan {
  const taken: number[] = []
  const take = (size: number): number => {
    const pointer = heap.alloc(size)
    taken.push(pointer)
    return pointer
  }
  const free = (): void => {
    for (const pointer of taken.splice(0)) heap.free(pointer)
  }
  try {
    const { offsets, floats } = allocate(lifetimesOf(plan))
    const work = take(Math.max(64, floats * 4))
    const address = (storage: Storage): number => work + offsets.get(storage)! * 4
    const commands: Chunk[] = []
    const stages: { list: Chunk; count: number; host?: (io: HostIo) => void }[] = []
    let pending: Chunk[] = []
    const flush = (): void => {
      if (pending.length > 0) stages.push({ list: chunk(pending), count: pending.length })
      pending = []
    }
    for (const step of plan.steps) {
      if (step.command) {
        const command = chunk(step.command)
        commands.push(command)
        pending.push(command)
      } else {
        flush()
        stages.push({ list: chunk([]), count: 0, host: step.host! })
      }
    }
    flush()
    const chunks = collect(stages.map((s) => s.list)).filter((c) => c.address === 0)
    const aligned = (n: number): number => Math.ceil(n / 4) * 4
    const total = chunks.reduce((sum, c) => sum + aligned(c.words.length), 0)
    const constants = take(Math.max(64, total * 4))
    let next = constants
    for (const c of chunks) {
      c.address = next
      next += aligned(c.words.length) * 4
    }
    for (const c of chunks) {
      if (c.words instanceof Float32Array) heap.float32(c.address, c.words.length).set(c.words)
      else {
        const target = heap.int32(c.address, c.words.length)
        if (Array.isArray(c.words))
          (c.words as Chunk['words'] as readonly never[]).forEach((w, i) => (target[i] = resolve(w, address)))
        else target.set(c.words as Int32Array)
      }
    }
    const view = (v: View): Float32Array =>
      heap.float32(
        address(v.storage) + v.base * 4,
        v.shape.reduce((a, b) => a * b, 1),
      )
    heap.float32(work, floats).fill(0)
    for (const { storage, data } of plan.planner.initial) heap.float32(address(storage), data.length).set(data)
    return {
      plan,
      stages: stages.map(({ list, count, host }) => (host ? { host } : { list: list.address, count })),
      address,
      floats: view,
      bytes: (floats + total) * 4,
      free,
    }
  } catch (error) {
    free()
    if (error instanceof RangeError)
      throw new TacoError('OUT_OF_MEMORY', 'wasm memory: the plan does not fit', { cause: error })
    throw error
  }
}
