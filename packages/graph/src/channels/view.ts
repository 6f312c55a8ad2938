import { normalizeAxis } from '../dims.js'
import type { Dim, Graph, Node, ValueType } from '../graph.js'
import { numberAttribute } from '../ops/attributes.js'
import { toNumbers } from '../tensor.js'
import type { Coupling, Port } from './coupling.js'

/** What the rules ask of the graph. */
export interface Surroundings {
  readonly graph: Graph
  readonly types: ReadonlyMap<string, ValueType>
  /** Elements of the axis of a value that are to go so far. */
  marked(value: string): { readonly axis: number; readonly indices: ReadonlySet<number> } | undefined
}

/** One node, with its shapes at hand. */
export class View {
  constructor(
    readonly node: Node,
    readonly around: Surroundings,
  ) {}

  shape(value: string): readonly Dim[] {
    return this.around.types.get(value)!.shape
  }

  rank(value: string): number {
    return this.shape(value).length
  }

  get x(): string {
    return this.node.inputs[0]!
  }

  get y(): string {
    return this.node.outputs[0]!
  }

  isConstant(value: string): boolean {
    return this.around.graph.initializers.has(value)
  }

  numbers(input: number): number[] | undefined {
    const tensor = this.around.graph.initializers.get(this.node.inputs[input] ?? '')?.tensor
    return tensor && toNumbers(tensor)
  }

  /** Input i at an axis; undefined where it is absent. */
  input(i: number, axis: number, place: Pick<Port, 'offset' | 'block'> = {}): Port | undefined {
    const value = this.node.inputs[i]
    if (!value) return undefined
    return { value, axis, input: i, ...place }
  }

  axis(fallback: number | undefined, rank: number): number {
    return normalizeAxis(numberAttribute(this.node, 'axis', fallback), rank, `node '${this.node.name}'`)
  }

  /** Channels in the same order at all ports; none where the number is not known. */
  couple(size: Dim | undefined, ports: readonly (Port | undefined)[], more: Partial<Coupling> = {}): Coupling[] {
    return typeof size === 'number' ? [{ size, ports: ports.filter((p) => p !== undefined), ...more }] : []
  }

  /** The given axes of the first input stay as they are, at the places that `to` says. */
  keep(axes: readonly number[], to: (axis: number) => number = (axis) => axis): Coupling[] {
    return axes.flatMap((axis) =>
      this.couple(this.shape(this.x)[axis], [this.input(0, axis), { value: this.y, axis: to(axis) }]),
    )
  }

  allAxes(value: string): number[] {
    return this.shape(value).map((_, i) => i)
  }

  /** Operands that are broadcast against each other, aligned at the last axis; `inputs` by number. */
  broadcast(inputs: readonly number[], axes: readonly number[] = this.allAxes(this.y)): Coupling[] {
    const rank = this.rank(this.y)
    return axes.flatMap((axis) => {
      const size = this.shape(this.y)[axis]
      const ports = inputs.map((i) => {
        const value = this.node.inputs[i]
        const own = value ? axis - rank + this.rank(value) : -1
        return own >= 0 && this.shape(value!)[own] === size ? this.input(i, own) : undefined
      })
      return this.couple(size, [...ports, { value: this.y, axis }])
    })
  }
}

/** The couplings of one operator. */
export type Rule = (v: View) => Coupling[]

/** from, from + 1, … to − 1. */
export const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)
