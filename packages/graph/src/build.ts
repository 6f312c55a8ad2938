import type { Attribute, Domain, Graph, Initializer, Node, ValueInfo } from './graph.js'
import type { Tensor } from './tensor.js'

const isTensor = (value: Tensor | Initializer): value is Tensor => 'dtype' in value

/** A node; its name defaults to that of its first output. */
export function node(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  options: {
    readonly name?: string
    readonly domain?: Domain
    readonly attributes?: Readonly<Record<string, Attribute>>
  } = {},
): Node {
  const { name = outputs[0]!, domain = '', attributes = {} } = options
  return { name, op, domain, inputs, outputs, attributes }
}

/** A graph from plain parts; initializers may be bare tensors. Not validated: `validateGraph` and `inferTypes` do that. */
export function createGraph(parts: {
  readonly name?: string
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  readonly nodes: readonly Node[]
  readonly initializers?: Readonly<Record<string, Tensor | Initializer>> | ReadonlyMap<string, Tensor | Initializer>
}): Graph {
  const { name = 'graph', inputs, outputs, nodes, initializers = {} } = parts
  const entries = initializers instanceof Map ? [...initializers] : Object.entries(initializers)
  return {
    name,
    inputs,
    outputs,
    nodes,
    initializers: new Map(
      entries.map(([key, value]: [string, Tensor | Initializer]) => [key, isTensor(value) ? { tensor: value } : value]),
    ),
  }
}

/** The graph with some initializers replaced or added. */
export function withInitializers(graph: Graph, changes: ReadonlyMap<string, Tensor | Initializer>): Graph {
  const initializers = new Map(graph.initializers)
  for (const [name, value] of changes) initializers.set(name, isTensor(value) ? { tensor: value } : value)
  return { ...graph, initializers }
}
