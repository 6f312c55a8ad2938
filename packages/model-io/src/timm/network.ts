import { TacoError } from '@tacojs/errors'
import { int64, node, type Attribute, type Domain, type Node, type Tensor } from '@tacojs/graph'
import type { StateDict } from './state-dict.js'

type Attributes = Readonly<Record<string, Attribute>>

/** A graph in the making. Values are named as the nodes that make them, nodes as timm's modules where there is one. */
export class Network {
  readonly nodes: Node[] = []
  readonly initializers = new Map<string, Tensor>()
  /** Bytes that tables may still take: a small file must not ask for a large memory. */
  #budget: number

  /** @param input name of the images, [batch, C, H, W] */
  constructor(
    readonly weights: StateDict,
    readonly input: string,
  ) {
    this.#budget = 4 * weights.bytes + (64 << 20)
  }

  /** Asks for a table of so many float32 before it is made. Throws UNSUPPORTED when the image's size makes it too large. */
  reserve(floats: number, what: string): void {
    this.#budget -= 4 * floats
    if (this.#budget >= 0) return
    throw new TacoError('UNSUPPORTED', `${this.weights.where}: the config's input size is too large for ${what}`)
  }

  /** Appends a node with one output and returns its name. */
  add(op: string, name: string, inputs: readonly string[], attributes: Attributes = {}): string {
    this.nodes.push(node(op, inputs, [name], { attributes }))
    return name
  }

  /** The same for an operator of the graph's own. */
  addOwn(op: string, name: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const domain: Domain = 'ai.tacojs'
    this.nodes.push(node(op, inputs, [name], { attributes, domain }))
    return name
  }

  constant(name: string, tensor: Tensor): string {
    this.initializers.set(name, tensor)
    return name
  }

  ints(name: string, values: readonly number[]): string {
    return this.constant(name, int64([values.length], values))
  }

  /** A weight under its own name; errors as `StateDict.take`. */
  weight(name: string, shape: readonly (number | undefined)[]): string {
    return this.constant(name, this.weights.take(name, shape))
  }

  /** [batch, …shape], −1 for what is left. */
  reshape(name: string, x: string, shape: readonly number[]): string {
    return this.add('Reshape', name, [x, this.ints(`${name}.shape`, [0, ...shape])])
  }

  transpose(name: string, x: string, perm: readonly number[]): string {
    return this.add('Transpose', name, [x], { perm })
  }

  /** Parts of the given sizes along an axis, named `name.0`, `name.1`, … */
  split(name: string, x: string, sizes: readonly number[], axis: number): string[] {
    const outputs = sizes.map((_, i) => `${name}.${i}`)
    const inputs = [x, this.ints(`${name}.sizes`, sizes)]
    this.nodes.push(node('Split', inputs, outputs, { name, attributes: { axis } }))
    return outputs
  }
}
