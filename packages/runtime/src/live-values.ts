import type { Graph } from '@tacojs/graph'

/**
 * The values that stand between the first `position` nodes and the rest: made by the former (or graph inputs) and
 * needed by the latter (or graph outputs). Initializers are not among them.
 */
export function liveValues(graph: Graph, position: number): string[] {
  const needed = new Set(graph.outputs.map((o) => o.name))
  for (const node of graph.nodes.slice(position)) for (const input of node.inputs) needed.add(input)
  const made = graph.inputs.map((i) => i.name)
  for (const node of graph.nodes.slice(0, position)) made.push(...node.outputs)
  return made.filter((name) => name !== '' && needed.has(name))
}
