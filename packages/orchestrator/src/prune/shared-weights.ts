import type { Graph, PrunableLayer } from '@tacojs/graph'

/** Whether several nodes read a layer's weight: then no single problem says what its zeros cost, and it stays dense. */
export function sharingOf(graph: Graph): (layer: Pick<PrunableLayer, 'weight'>) => boolean {
  const uses = new Map<string, number>()
  for (const node of graph.nodes) for (const name of node.inputs) uses.set(name, (uses.get(name) ?? 0) + 1)
  return ({ weight }) => (uses.get(weight) ?? 0) > 1
}
