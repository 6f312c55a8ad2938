import type { Graph, Node, Tensor } from '@tacojs/graph'
import type { Heap } from '@tacojs/wasm'
import type { Form } from './pack/stream.js'
import { buildPlan } from './plan/build.js'
import { placePlan, type PlacedPlan } from './plan/place.js'
import { chunk, type Chunk } from './plan/words.js'

export interface PlansOptions {
  readonly threads: number
  readonly form: (node: Node, weightName: string) => Form
}

/** Plans of a program that are kept: for its usual batch, a last short batch, and one more. */
const keptPlans = 3

/** A plan with the places that it has in memory so far; the first one's tables serve the others. */
interface Kept {
  readonly places: PlacedPlan[]
  readonly weights: ReadonlySet<string>
}

/** The plans of one program. They are made for inputs of new shapes, and share the packed weights. */
export class Plans {
  private readonly kept = new Map<string, Kept>()
  private readonly weights = new Map<string, { chunk: Chunk; pointer: number }>()

  constructor(
    private readonly heap: Heap,
    private readonly graph: Graph,
    private readonly mutable: ReadonlyMap<string, Tensor>,
    private readonly options: PlansOptions,
  ) {}

  /** The plan for inputs of these shapes, in `count` places at least. Throws OUT_OF_MEMORY and keeps what there was. */
  for(shapes: Readonly<Record<string, readonly number[]>>, count = 1): readonly PlacedPlan[] {
    const key = this.graph.inputs.map(({ name }) => shapes[name]!.join('x')).join(' ')
    const { places } = this.kept.get(key) ?? this.make(key, shapes)
    while (places.length < count) {
      const placed = placePlan(places[0]!.plan, this.heap)
      places.push(placed)
      for (const [name, t] of this.mutable) refreshView(placed, name, t)
    }
    return places
  }

  /** A mutable initializer has changed. */
  refresh(name: string, t: Tensor): void {
    for (const { places } of this.kept.values()) this.refreshIn(places, name, t)
  }

  free(): void {
    for (const { places } of this.kept.values()) for (const placed of places) placed.free()
    this.kept.clear()
    this.freeUnused()
  }

  private make(key: string, shapes: Readonly<Record<string, readonly number[]>>): Kept {
    if (this.kept.size >= keptPlans) {
      const [oldest, { places }] = this.kept.entries().next().value!
      for (const placed of places) placed.free()
      this.kept.delete(oldest)
    }
    const weights = new Set<string>()
    const plan = buildPlan(this.graph, shapes, {
      parts: this.options.threads,
      mutable: new Set(this.mutable.keys()),
      form: this.options.form,
      weights: (name, make) => {
        weights.add(name)
        return this.weightsFor(name, make)
      },
    })
    const made: Kept = { places: [placePlan(plan, this.heap)], weights }
    this.kept.set(key, made)
    this.freeUnused()
    for (const [name, t] of this.mutable) this.refreshIn(made.places, name, t)
    return made
  }

  /** Packed weights are made once per form, and stay as long as a plan needs them. */
  private weightsFor(name: string, make: () => Float32Array): Chunk {
    const known = this.weights.get(name)
    if (known) return known.chunk
    const data = make()
    const pointer = this.heap.alloc(Math.max(64, data.byteLength + 64))
    this.heap.float32(pointer, data.length).set(data)
    const made: Chunk = { ...chunk([]), address: pointer }
    this.weights.set(name, { chunk: made, pointer })
    return made
  }

  private freeUnused(): void {
    const plans = [...this.kept.values()]
    for (const [name, { pointer }] of this.weights) {
      if (plans.some(({ weights }) => weights.has(name))) continue
      this.heap.free(pointer)
      this.weights.delete(name)
    }
  }

  private refreshIn(places: readonly PlacedPlan[], name: string, t: Tensor): void {
    for (const { data, pack } of places[0]!.plan.planner.listeners.get(name) ?? []) {
      const packed = pack(t)
      this.heap.float32(data.address, packed.length).set(packed)
    }
    for (const placed of places) refreshView(placed, name, t)
  }
}

function refreshView(placed: PlacedPlan, name: string, t: Tensor): void {
  const view = placed.plan.planner.constantView(name)
  if (view) placed.floats(view).set(t.data as Float32Array)
}
