import { TacoError } from '@tacojs/errors'
import type { Graph, Node, Tensor } from '@tacojs/graph'
import { checkInputs, type KernelNote, type Program } from '@tacojs/runtime'
import type { WasmBuild } from '@tacojs/wasm'
import type { Engine } from './engine.js'
import type { Form } from './pack/stream.js'
import { buildPlan } from './plan/build.js'
import { placePlan, type PlacedPlan } from './plan/place.js'
import { chunk, type Chunk } from './plan/words.js'

export interface ProgramOptions {
  readonly threads: number
  readonly mutable: readonly string[]
  readonly form: (node: Node, weightName: string) => Form
  /** Called once when the program is disposed. */
  readonly released: () => void
}

/** A program that says what it runs on. */
export interface KernelsWasmProgram extends Program {
  /** Threads that took part in the latest run, the caller included; before the first, those that would. */
  readonly threads: number
  /** Why there are fewer threads than wanted; undefined while there is nothing to say. */
  readonly whyFewerThreads: string | undefined
  /** The build of the kernels: with relaxed SIMD or with SIMD alone. */
  readonly build: WasmBuild
}

/** Plans of a program that are kept: for its usual batch, a last short batch, and one more. */
const keptPlans = 3

/** A graph on the kernels. Plans are made at the first run with inputs of new shapes, and share the packed weights. */
export class WasmProgram implements KernelsWasmProgram {
  private readonly plans = new Map<string, { readonly placed: PlacedPlan; readonly weights: ReadonlySet<string> }>()
  private readonly weights = new Map<string, { chunk: Chunk; pointer: number }>()
  private readonly mutable: Map<string, Tensor>
  private disposed = false
  private latestThreads: number | undefined

  constructor(
    private readonly engine: Engine,
    private readonly graph: Graph,
    private readonly options: ProgramOptions,
  ) {
    this.mutable = new Map(
      options.mutable.map((name) => {
        const t = graph.initializers.get(name)?.tensor
        if (!t) throw new TacoError('NOT_FOUND', `the graph has no initializer '${name}' to make mutable`)
        return [name, { ...t, data: t.data.slice() } as Tensor]
      }),
    )
  }

  get threads(): number {
    return this.latestThreads ?? this.engine.team?.size ?? 1
  }

  get whyFewerThreads(): string | undefined {
    return this.engine.team?.reason
  }

  get build(): WasmBuild {
    return this.engine.build
  }

  async run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    this.assertAlive()
    checkInputs(this.graph, inputs)
    const placed = this.planFor(Object.fromEntries(Object.entries(inputs).map(([name, t]) => [name, t.shape])))
    const { plan } = placed
    const values = new Map<string, Tensor>(this.mutable)
    for (const { name, view } of plan.inputs) {
      if (view) placed.floats(view).set(inputs[name]!.data as Float32Array)
      else values.set(name, inputs[name]!)
    }
    for (const stage of placed.stages) {
      if ('host' in stage) stage.host({ floats: placed.floats, values })
      else this.latestThreads = this.engine.run(stage.list, stage.count)
    }
    return Object.fromEntries(
      plan.outputs.map(({ name, shape, view }): [string, Tensor] => {
        if (view) return [name, { dtype: 'float32', shape, data: placed.floats(view).slice() }]
        const t = values.get(name) ?? plan.planner.initializer(name)!.tensor
        return [name, { ...t, data: t.data.slice() } as Tensor]
      }),
    )
  }

  kernels(shapes: Readonly<Record<string, readonly number[]>>): readonly KernelNote[] {
    this.assertAlive()
    return this.planFor(shapes).plan.notes
  }

  write(name: string, values: Tensor): void {
    const known = this.mutableTensor(name)
    if (values.dtype !== known.dtype || values.shape.join() !== known.shape.join()) {
      throw new TacoError(
        'SHAPE_MISMATCH',
        `'${name}' is ${known.dtype} [${known.shape.join(', ')}], not ${values.dtype} [${values.shape.join(', ')}]`,
      )
    }
    ;(known.data as Float32Array).set(values.data as Float32Array)
    for (const { placed } of this.plans.values()) this.refresh(placed, name, known)
  }

  async read(name: string): Promise<Tensor> {
    const known = this.mutable.get(name) ?? (this.assertAlive(), this.graph.initializers.get(name)?.tensor)
    this.assertAlive()
    if (!known) throw new TacoError('NOT_FOUND', `the graph has no initializer '${name}'`)
    return { ...known, data: known.data.slice() } as Tensor
  }

  dispose(): void {
    if (this.disposed) return
    this.disposed = true
    for (const { placed } of this.plans.values()) placed.free()
    this.plans.clear()
    for (const { pointer } of this.weights.values()) this.engine.heap.free(pointer)
    this.weights.clear()
    this.options.released()
  }

  private assertAlive(): void {
    if (this.disposed) throw new TacoError('DISPOSED', `the program of '${this.graph.name}' was disposed`)
  }

  private mutableTensor(name: string): Tensor {
    this.assertAlive()
    const known = this.mutable.get(name)
    if (known) return known
    const exists = this.graph.initializers.has(name)
    throw new TacoError(
      exists ? 'INVALID_ARGUMENT' : 'NOT_FOUND',
      exists
        ? `'${name}' was not declared mutable when the program was compiled`
        : `the graph has no initializer '${name}'`,
    )
  }

  private planFor(shapes: Readonly<Record<string, readonly number[]>>): PlacedPlan {
    const key = this.graph.inputs.map(({ name }) => shapes[name]!.join('x')).join(' ')
    const known = this.plans.get(key)
    if (known) return known.placed
    if (this.plans.size >= keptPlans) {
      const [oldest, { placed }] = this.plans.entries().next().value!
      placed.free()
      this.plans.delete(oldest)
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
    const placed = placePlan(plan, this.engine.heap)
    this.plans.set(key, { placed, weights })
    this.freeUnused()
    for (const [name, t] of this.mutable) this.refresh(placed, name, t)
    return placed
  }

  /** Packed weights are made once per form, and stay as long as a plan needs them. */
  private weightsFor(name: string, make: () => Float32Array): Chunk {
    const known = this.weights.get(name)
    if (known) return known.chunk
    const data = make()
    const pointer = this.engine.heap.alloc(Math.max(64, data.byteLength + 64))
    this.engine.heap.float32(pointer, data.length).set(data)
    const made: Chunk = { ...chunk([]), address: pointer }
    this.weights.set(name, { chunk: made, pointer })
    return made
  }

  private freeUnused(): void {
    const plans = [...this.plans.values()]
    for (const [name, { pointer }] of this.weights) {
      if (plans.some(({ weights }) => weights.has(name))) continue
      this.engine.heap.free(pointer)
      this.weights.delete(name)
    }
  }

  private refresh(placed: PlacedPlan, name: string, t: Tensor): void {
    const { planner } = placed.plan
    for (const { data, pack } of planner.listeners.get(name) ?? []) {
      const packed = pack(t)
      this.engine.heap.float32(data.address, packed.length).set(packed)
    }
    const view = planner.constantView(name)
    if (view) placed.floats(view).set(t.data as Float32Array)
  }
}
