import type { Graph } from '@tacojs/graph'
import { backendNames, getBackend } from '@tacojs/runtime'
import { openBackend } from '../backends.js'

/** Something that a backend cannot do, and the nodes that need it. */
export interface Obstacle {
  readonly reason: string
  readonly nodes: readonly string[]
}

/** What cannot run, for each backend that is registered; an empty list means that everything can. */
export function obstacles(graph: Graph): Record<string, Obstacle[]> {
  openBackend()
  return Object.fromEntries(
    backendNames().map((name) => {
      const backend = getBackend(name)
      const nodes = new Map<string, string[]>()
      for (const node of graph.nodes) {
        const reason = backend.unsupported(node, graph)
        if (reason !== undefined) nodes.set(reason, [...(nodes.get(reason) ?? []), node.name])
      }
      return [name, [...nodes].map(([reason, names]) => ({ reason, nodes: names }))]
    }),
  )
}
