import type { Graph, Initializer } from '@tacojs/graph'

/** The graph with the notes on sparsity that `weights` has for initializers of the same name. */
export function withNotes(graph: Graph, weights: ReadonlyMap<string, Initializer>): Graph {
  const initializers = new Map<string, Initializer>()
  for (const [name, { tensor }] of graph.initializers) {
    const sparsity = weights.get(name)?.sparsity
    initializers.set(name, sparsity ? { tensor, sparsity } : { tensor })
  }
  return { ...graph, initializers }
}
