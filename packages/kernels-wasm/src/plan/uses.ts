import type { Graph, Node } from '@tacojs/graph'

/** Who reads a value. */
export interface Uses {
  of(name: string): readonly Node[]
  /** The one node that reads the value, once, where nothing else does and the graph does not return it. */
  only(name: string): Node | undefined
  isOutput(name: string): boolean
}

export function usesOf(graph: Graph): Uses {
  const users = new Map<string, Node[]>()
  for (const node of graph.nodes) {
    for (const name of node.inputs) {
      const list = users.get(name)
      if (list) list.push(node)
      else users.set(name, [node])
    }
  }
  const outputs = new Set(graph.outputs.map((o) => o.name))
  return {
    of: (name) => users.get(name) ?? [],
    only(name) {
      const list = users.get(name)
      return list?.length === 1 && !outputs.has(name) ? list[0] : undefined
    },
    isOutput: (name) => outputs.has(name),
  }
}
