import type { Graph, Node } from '../graph.js'

/** Removes nodes and initializers that no output depends on. */
export function removeDead(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map((o) => o.name))
  const nodes: Node[] = []
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((name) => needed.has(name))) continue
    for (const name of node.inputs) needed.add(name)
    nodes.unshift(node)
  }
  const initializers = new Map([...graph.initializers].filter(([name]) => needed.has(name)))
  return { ...graph, nodes, initializers }
}
