import { TacoError } from '@tacojs/errors'
import type { Graph, Node, Tensor } from '@tacojs/graph'
import { checkInputs, type Program } from '@tacojs/runtime'
import { Constants } from './constants.js'
import { exclusive } from './engine.js'
import { evaluateOnHost } from './host.js'
import { runsOnDevice, type Call, type Kernel } from './kernel.js'
import type { Step } from './plan.js'
import { download, hostValue, type Tf, type TfTensor, type Value } from './value.js'

/** A compiled graph on one engine. Every device tensor that a run makes is disposed when its last consumer has run. */
export class TfjsProgram implements Program {
  private readonly constants: Constants
  private disposed = false
  private running = 0

  constructor(
    private readonly tf: Tf,
    private readonly engine: string,
    private readonly graph: Graph,
    private readonly steps: readonly Step[],
    mutable: readonly string[],
  ) {
    this.constants = new Constants(graph, mutable)
  }

  async run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    this.assertAlive()
    checkInputs(this.graph, inputs)
    this.running++
    try {
      return await exclusive(this.tf, this.engine, () => this.execute(inputs))
    } finally {
      this.running--
      if (this.disposed) this.release()
    }
  }

  write(name: string, values: Tensor): void {
    this.assertAlive()
    this.constants.write(name, values)
  }

  async read(name: string): Promise<Tensor> {
    this.assertAlive()
    const t = this.constants.read(name)
    return { ...t, data: t.data.slice() } as Tensor
  }

  dispose(): void {
    this.disposed = true
    this.release()
  }

  private assertAlive(): void {
    if (this.disposed) throw new TacoError('DISPOSED', `the program of '${this.graph.name}' was disposed`)
  }

  /** Frees the weights, unless a run still needs them: then its end does. */
  private release(): void {
    if (this.running === 0) this.constants.dispose()
  }

  private async execute(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    const live = new Map<string, Value>()
    const find = (name: string): Value | undefined => live.get(name) ?? this.constants.get(name)
    try {
      for (const { name } of this.graph.inputs) live.set(name, hostValue(inputs[name]!))
      for (const step of this.steps) {
        const made = await this.step(step, step.node.inputs.map(find))
        step.outputs.forEach((name, i) => {
          if (name !== '' && made[i]) live.set(name, made[i])
        })
        for (const name of step.dies) {
          live.get(name)?.tensor?.dispose()
          live.delete(name)
        }
      }
      const outputs: Record<string, Tensor> = {}
      for (const { name } of this.graph.outputs) {
        const t = await download(this.tf, find(name)!)
        // A graph may hand an input or an initializer through; the caller owns what it gets.
        outputs[name] = { ...t, data: t.data.slice() } as Tensor
      }
      return outputs
    } finally {
      for (const value of live.values()) value.tensor?.dispose()
    }
  }

  private async step({ node, kernel, activation }: Step, inputs: (Value | undefined)[]): Promise<Value[]> {
    const dtypes = inputs.map((v) => v?.dtype)
    if (!runsOnDevice(kernel, node, dtypes)) return evaluateOnHost(this.tf, node, inputs)
    for (const i of kernel.host ?? []) if (inputs[i]) await download(this.tf, inputs[i])
    return this.onDevice(kernel, { tf: this.tf, node, inputs, activation, form: this.formOf(node, inputs) })
  }

  private onDevice(kernel: Kernel, call: Call): Value[] {
    const given = new Set(call.inputs.map((v) => v?.tensor))
    return call.tf.tidy(() => {
      const made = kernel.run(call)
      const values = Array.isArray(made) ? made : [made]
      for (const value of values) {
        // An output is never the same tensor as an input or a weight: each is disposed on its own.
        if (value.tensor && (given.has(value.tensor) || value.tensor.kept)) value.tensor = call.tf.clone(value.tensor)
      }
      return values as never
    }) as Value[]
  }

  private formOf(node: Node, inputs: readonly (Value | undefined)[]): Call['form'] {
    return (i, form, make): TfTensor => {
      const name = node.inputs[i]!
      const value = inputs[i]!
      return this.constants.get(name) === value ? this.constants.form(this.tf, name, form, make) : make(value)
    }
  }
}
