import { float32, fromNumbers, int64, type Domain, type DType, type Tensor } from '@tacojs/graph'
import type { RawNode } from '../flatten.js'
import { same, type Converted, type ConvertContext } from './converter.js'

/** Writes a node out as several, one after the other; `end` makes its first output. */
export class Writer {
  private readonly nodes: Converted[] = []

  constructor(
    private readonly node: RawNode,
    private readonly context: ConvertContext,
  ) {}

  /** A node whose output has a name of its own, which is returned. */
  add(op: string, inputs: readonly string[], attributes: Converted['attributes'] = {}, domain: Domain = ''): string {
    const output = this.context.freshName(`${this.node.outputs[0]}_${op}`)
    this.nodes.push({ name: '', op, domain, inputs, outputs: [output], attributes })
    return output
  }

  constant(name: string, tensor: Tensor): string {
    return this.context.addConstant(`${this.node.outputs[0]}_${name}`, tensor)
  }

  scalar(name: string, value: number, dtype: DType = 'float32'): string {
    return this.constant(name, dtype === 'float32' ? float32([], [value]) : fromNumbers(dtype, [], [value]))
  }

  /** A vector of int64: axes, shapes, indices. */
  ints(name: string, values: readonly number[]): string {
    return this.constant(name, int64([values.length], values))
  }

  /** A value in another shape; 0 keeps a dimension, -1 takes what is left. */
  reshape(x: string, shape: readonly number[]): string {
    return this.add('Reshape', [x, this.ints('shape', shape)])
  }

  /** A node that makes another output than the first. */
  output(name: string, op: string, inputs: readonly string[], attributes: Converted['attributes'] = {}): void {
    this.nodes.push({ name: '', op, domain: '', inputs, outputs: [name], attributes })
  }

  /** The node's own: it keeps the name and the first output. */
  end(
    op: string,
    inputs: readonly string[],
    attributes: Converted['attributes'] = {},
    domain: Domain = '',
  ): Converted[] {
    return [...this.nodes, same(this.node, { op, domain, inputs, outputs: this.node.outputs.slice(0, 1), attributes })]
  }

  /** A value that the nodes so far made is the node's first output. */
  is(x: string): Converted[] {
    const last = this.nodes.at(-1)
    if (last?.outputs[0] !== x || last.inputs.includes(x)) return this.end('Identity', [x])
    this.nodes.pop()
    return this.end(last.op, last.inputs, last.attributes, last.domain)
  }
}
