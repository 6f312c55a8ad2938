import { TacoError } from '@tacojs/errors'
import { sizeOf, type Graph, type Tensor } from '@tacojs/graph'
import { checkInputs, type KernelNote, type Program, type RunOptions } from '@tacojs/runtime'
import type { WasmBuild } from '@tacojs/wasm'
import { imagesApart } from './apart/images-apart.js'
import { worthApart } from './apart/worth-apart.js'
import type { Engine } from './engine.js'
import { Plans, type PlansOptions } from './plans.js'
import { imagesOf, ofOneImage, outputArray, runImages, runsInOneList, type Shapes } from './run-images.js'

export interface ProgramOptions extends PlansOptions {
  readonly mutable: readonly string[]
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

/** A graph on the kernels. Images that do not depend on each other are computed one by one, each of them on one thread. */
export class WasmProgram implements KernelsWasmProgram {
  private readonly plans: Plans
  private readonly mutable: Map<string, Tensor>
  private apart: boolean | undefined
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
    this.plans = new Plans(engine.heap, graph, this.mutable, options)
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

  async run(inputs: Readonly<Record<string, Tensor>>, { spare }: RunOptions = {}): Promise<Record<string, Tensor>> {
    this.assertAlive()
    checkInputs(this.graph, inputs)
    const shapes = Object.fromEntries(Object.entries(inputs).map(([name, t]) => [name, t.shape]))
    return this.oneByOne(shapes) ? this.runImages(inputs, shapes, spare) : this.runTogether(inputs, shapes, spare)
  }

  kernels(shapes: Shapes): readonly KernelNote[] {
    this.assertAlive()
    return this.plans.for(this.oneByOne(shapes) ? ofOneImage(shapes) : shapes)[0]!.plan.notes
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
    this.plans.refresh(name, known)
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
    this.plans.free()
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

  private runTogether(
    inputs: Readonly<Record<string, Tensor>>,
    shapes: Shapes,
    spare: RunOptions['spare'],
  ): Record<string, Tensor> {
    const placed = this.plans.for(shapes)[0]!
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
        if (view) {
          const data = outputArray(sizeOf(shape), spare)
          data.set(placed.floats(view))
          return [name, { dtype: 'float32', shape, data }]
        }
        const t = values.get(name) ?? plan.planner.initializer(name)!.tensor
        return [name, { ...t, data: t.data.slice() } as Tensor]
      }),
    )
  }

  private runImages(
    inputs: Readonly<Record<string, Tensor>>,
    shapes: Shapes,
    spare: RunOptions['spare'],
  ): Record<string, Tensor> {
    const images = imagesOf(shapes)!
    const places = this.plans.for(ofOneImage(shapes), Math.min(this.options.threads, images))
    const { outputs, threads } = runImages(this.engine, places, inputs, images, this.options.threads, spare)
    this.latestThreads = threads
    return outputs
  }

  /** Whether inputs of these shapes are a batch of images to compute one by one, all on the device in one list. */
  private oneByOne(shapes: Shapes): boolean {
    // an empty batch has nothing to compute
    if (!imagesOf(shapes)) return false
    if (this.apart === undefined) {
      const may = this.mayBeApart()
      this.apart = may && runsInOneList(this.plans.for(ofOneImage(shapes))[0]!)
      if (may && !this.apart) this.plans.free()
    }
    return this.apart
  }

  private mayBeApart(): boolean {
    const { graph, mutable } = this
    const fixed = (name: string): Tensor | undefined =>
      mutable.has(name) ? undefined : graph.initializers.get(name)?.tensor
    try {
      return imagesApart(graph, fixed) && worthApart(graph)
    } catch (error) {
      // some sizes are known only with the batch's
      if (error instanceof TacoError) return false
      throw error
    }
  }
}
