import { TacoError } from '@tacojs/errors'
import type { Attribute, Dim, Domain, Graph, Node, ValueType } from '../graph.js'
import { float32, int64, type Tensor } from '../tensor.js'

/** The part of an input's gradient that lies at `begin …` along one axis; it is zero elsewhere. */
export interface Piece {
  readonly value: string
  readonly axis: number
  readonly begin: number
  readonly length: number
}

/** What a node adds to the gradient of one input: a value of the input's shape, pieces of it, or null for nothing. */
export type Contribution = string | Piece | readonly Piece[] | null

/**
 * The vector-Jacobian product of one operator: from the gradients of its outputs (undefined for an output that nothing
 * depends on) to those of its inputs. Only inputs that `context.needs` names have to be answered; undefined for one of
 * those means that there is no rule for it.
 */
export type Vjp = (
  node: Node,
  context: GradientContext,
  outputGradients: readonly (string | undefined)[],
) => readonly (Contribution | undefined)[]

export type Rules = Readonly<Record<string, Vjp>>

/** What a rule may look at, and how it writes. */
export interface GradientContext {
  /** Of a value of the forward graph. */
  shape(name: string): readonly Dim[]
  constant(name: string | undefined): Tensor | undefined
  /** Whether the gradient of the node's input i is wanted. */
  needs(i: number): boolean
  /** Writes a node of one output and returns that. */
  add(op: string, inputs: readonly string[], attributes?: Readonly<Record<string, Attribute>>, domain?: Domain): string
  /** A new initializer; `scalar` and `longs` (an int64 vector) are shared by all who ask for the same. */
  value(tensor: Tensor): string
  scalar(value: number): string
  longs(values: readonly number[]): string
  /** Throws UNSUPPORTED, naming the node. */
  refuse(why: string): never
}

/** All nodes that the rules write, and their constants. */
export class Writer {
  readonly nodes: Node[] = []
  readonly constants = new Map<string, Tensor>()
  private readonly shared = new Map<string, string>()
  private readonly taken: Set<string>

  constructor(
    private readonly graph: Graph,
    private readonly types: ReadonlyMap<string, ValueType>,
  ) {
    this.taken = new Set([...types.keys(), ...graph.nodes.map((node) => node.name)])
  }

  unique(stem: string): string {
    let name = stem
    for (let i = 2; this.taken.has(name); i++) name = `${stem}_${i}`
    this.taken.add(name)
    return name
  }

  context(node: Node, wanted: (name: string) => boolean): GradientContext {
    const value = (tensor: Tensor): string => {
      const name = this.unique(`${node.outputs[0]}/gradient/constant`)
      this.constants.set(name, tensor)
      return name
    }
    const shared = (key: string, make: () => Tensor): string => {
      let name = this.shared.get(key)
      if (!name) {
        this.shared.set(key, (name = this.unique(`gradient/${key}`)))
        this.constants.set(name, make())
      }
      return name
    }
    return {
      shape: (name) => this.types.get(name)!.shape,
      constant: (name) => (name ? this.graph.initializers.get(name)?.tensor : undefined),
      needs: (i) => wanted(node.inputs[i] ?? ''),
      add: (op, inputs, attributes = {}, domain = '') =>
        this.add(`${node.outputs[0]}/gradient/${op}`, op, inputs, attributes, domain),
      value,
      scalar: (v) => shared(`${v}`, () => float32([], [v])),
      longs: (values) => shared(`[${values.join()}]`, () => int64([values.length], values)),
      refuse(why) {
        throw new TacoError('UNSUPPORTED', `no gradient through node '${node.name}' (${node.op}): ${why}`)
      },
    }
  }

  add(stem: string, op: string, inputs: readonly string[], attributes: Node['attributes'], domain: Domain): string {
    const name = this.unique(stem)
    this.nodes.push({ name, op, domain, inputs, outputs: [name], attributes })
    return name
  }
}
