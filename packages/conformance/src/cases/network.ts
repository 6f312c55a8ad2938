import {
  float32,
  int64,
  node,
  sizeOf,
  type Attribute,
  type Domain,
  type Initializer,
  type Node,
  type Tensor,
} from '@tacojs/graph'
import { operatorName } from '../operator-name.js'
import { graphOf, tolerances, type OperatorCase, type Tolerance } from './case.js'
import { createRandom, uniform } from './random.js'
import { sparse, type Pattern } from './sparse.js'

type Attributes = Readonly<Record<string, Attribute>>

/** Collects nodes and weights while a network is written down from top to bottom. Values are known by their names. */
export interface Builder {
  /** Adds a node of one output and returns its name. */
  add(op: string, inputs: readonly string[], attributes?: Attributes, domain?: Domain): string
  /** Adds a node of several outputs. */
  addMany(op: string, inputs: readonly string[], outputs: number, attributes?: Attributes): string[]
  /** A random weight in ±1/√fan-in, so that activations keep their size. */
  weight(...shape: number[]): string
  /** Random numbers in [low, high). */
  numbers(shape: readonly number[], low: number, high: number): string
  value(tensor: Tensor | Initializer): string
  scalar(value: number): string
  longs(...values: number[]): string
}

export interface NetworkOptions {
  readonly tolerance?: Tolerance
  /** The first dimension of every input becomes symbolic and takes these sizes in turn. */
  readonly batches?: readonly number[]
  /** Inputs are uniform in ±range; 1 by default. */
  readonly range?: number
  /** Of the weights that `weight` makes and that have more than one dimension. */
  readonly sparsity?: readonly [pattern: Pattern, sparsity: number]
}

/** A case of several nodes: `write` adds them and returns the names of the graph's outputs. */
export function network(
  name: string,
  inputs: Readonly<Record<string, readonly number[]>>,
  write: (b: Builder) => string | readonly string[],
  { tolerance = tolerances.network, batches, range = 1, sparsity }: NetworkOptions = {},
): OperatorCase {
  const build = (): { nodes: Node[]; initializers: Record<string, Tensor | Initializer>; outputs: string[] } => {
    const random = createRandom(name)
    const nodes: Node[] = []
    const initializers: Record<string, Tensor | Initializer> = {}
    const value: Builder['value'] = (t) => {
      const key = `c${Object.keys(initializers).length}`
      initializers[key] = t
      return key
    }
    const outputs = write({
      add: (op, names, attributes = {}, domain = '') => {
        const out = `${op}_${nodes.length}`
        nodes.push(node(op, names, [out], { attributes, domain }))
        return out
      },
      addMany: (op, names, count, attributes = {}) => {
        const outs = Array.from({ length: count }, (_, i) => `${op}_${nodes.length}_${i}`)
        nodes.push(node(op, names, outs, { attributes }))
        return outs
      },
      weight: (...dims) => {
        if (sparsity && dims.length > 1) return value(sparse(dims, ...sparsity)(random))
        const bound = 1 / Math.sqrt(sizeOf(dims.slice(1)))
        return value(uniform(dims, -bound, bound)(random))
      },
      numbers: (shape, low, high) => value(uniform(shape, low, high)(random)),
      value,
      scalar: (v) => value(float32([], [v])),
      longs: (...v) => value(int64([v.length], v)),
    })
    return { nodes, initializers, outputs: [outputs].flat() }
  }
  let operators: readonly string[] | undefined
  return {
    name,
    get operators() {
      return (operators ??= [...new Set(build().nodes.map(operatorName))])
    },
    tolerance,
    ...(batches ? { batches } : {}),
    inputs: (batch = batches?.[0]) =>
      Object.fromEntries(
        Object.entries(inputs).map(([input, [first, ...rest]]) => [
          input,
          uniform([batch ?? first!, ...rest], -range, range)(createRandom(`${name} ${input}`)),
        ]),
      ),
    graph: () =>
      graphOf({
        inputs: Object.entries(inputs).map(([input, shape]) => ({
          name: input,
          dtype: 'float32',
          shape: batches ? ['batch', ...shape.slice(1)] : shape,
        })),
        ...build(),
      }),
  }
}
