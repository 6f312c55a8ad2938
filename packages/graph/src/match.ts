import type { Graph, Node } from './graph.js'
import type { Tensor } from './tensor.js'

/** A view of a graph for passes that recognise patterns: who makes a value, who uses it, what is constant. */
export interface Matcher {
  readonly graph: Graph
  producer(value: string | undefined): Node | undefined
  /** The node that makes a value, if it is this ONNX operator. */
  madeBy(value: string | undefined, op: string): Node | undefined
  /** How often a value is used; being a graph output counts. */
  uses(value: string): number
  constant(value: string | undefined): Tensor | undefined
  /** The number that a constant of one element holds. */
  scalar(value: string | undefined): number | undefined
  /** For a commutative node of two inputs with one constant: that number and the other input. */
  withScalar(node: Node | undefined): { readonly value: string; readonly scalar: number } | undefined
}

function createMatcher(graph: Graph): Matcher {
  const producers = new Map<string, Node>()
  const uses = new Map<string, number>()
  const use = (name: string): void => void uses.set(name, (uses.get(name) ?? 0) + 1)
  for (const node of graph.nodes) {
    for (const name of node.outputs) producers.set(name, node)
    for (const name of node.inputs) use(name)
  }
  for (const { name } of graph.outputs) use(name)
  const constant = (value: string | undefined): Tensor | undefined =>
    value ? graph.initializers.get(value)?.tensor : undefined
  const scalar = (value: string | undefined): number | undefined => {
    const t = constant(value)
    // one of more dimensions could raise the rank of what it meets
    return t && t.data.length === 1 && t.shape.length <= 1 ? Number(t.data[0]) : undefined
  }
  return {
    graph,
    producer: (value) => (value ? producers.get(value) : undefined),
    madeBy: (value, op) => {
      const node = value ? producers.get(value) : undefined
      return node?.op === op && node.domain === '' ? node : undefined
    },
    uses: (value) => uses.get(value) ?? 0,
    constant,
    scalar,
    withScalar: (node) => {
      if (!node || node.inputs.length !== 2) return undefined
      const [a, b] = node.inputs as [string, string]
      const [left, right] = [scalar(a), scalar(b)]
      if (right !== undefined) return { value: a, scalar: right }
      return left !== undefined ? { value: b, scalar: left } : undefined
    },
  }
}

/** Equal up to the rounding of float32 constants. */
export const near = (a: number | undefined, b: number): boolean =>
  a !== undefined && Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b))

/**
 * Replaces nodes of a graph: `recognize` gives, for a node that ends a pattern, what stands for it, and the nodes that
 * are only there for it. A pattern's inner value that is used elsewhere must not be among `swallowed`.
 */
export interface Replacement {
  readonly node: Node
  readonly swallowed: readonly Node[]
  readonly initializers?: ReadonlyMap<string, Tensor>
  /** Nodes that stay, altered; their outputs must serve only the pattern. */
  readonly changed?: ReadonlyMap<Node, Node>
}

export function rewrite(graph: Graph, recognize: (node: Node, m: Matcher) => Replacement | undefined): Graph {
  const m = createMatcher(graph)
  const replaced = new Map<Node, Node>()
  const gone = new Set<Node>()
  const initializers = new Map(graph.initializers)
  for (const node of graph.nodes) {
    const found = recognize(node, m)
    if (!found || found.swallowed.some((n) => gone.has(n) || replaced.has(n))) continue
    replaced.set(node, found.node)
    for (const n of found.swallowed) gone.add(n)
    for (const [from, to] of found.changed ?? []) replaced.set(from, to)
    for (const [name, tensor] of found.initializers ?? []) initializers.set(name, { tensor })
  }
  const nodes = graph.nodes.filter((n) => !gone.has(n)).map((n) => replaced.get(n) ?? n)
  return { ...graph, nodes, initializers }
}

/** Whether each inner node's output serves only the pattern: it is used exactly as often as stated (1 by default). */
export const onlyFor = (m: Matcher, ...inner: readonly (Node | readonly [Node, number])[]): boolean =>
  inner.every((entry) => {
    const [node, times] = Array.isArray(entry) ? (entry as readonly [Node, number]) : [entry as Node, 1]
    return m.uses(node.outputs[0]!) === times
  })
