import type { Graph, Node } from '../graph.js'
import { intsAttribute } from '../ops/attributes.js'

/**
 * A Transpose of a Transpose is one Transpose of what the first had, or nothing where the two undo each other, as
 * layers that work on channels last leave them. The first is removed as dead where nothing else uses it.
 */
export function mergeTransposes(graph: Graph): Graph {
  const outputs = new Set(graph.outputs.map((o) => o.name))
  const producers = new Map<string, Node>()
  const renamed = new Map<string, string>()
  const nodes: Node[] = []
  for (const original of graph.nodes) {
    let node: Node = { ...original, inputs: original.inputs.map((name) => renamed.get(name) ?? name) }
    const first = producers.get(node.inputs[0] ?? '')
    if (isTranspose(node) && first && isTranspose(first)) {
      const [inner, outer] = [permOf(first), permOf(node)]
      if (inner && outer) {
        const perm = outer.map((axis) => inner[axis]!)
        const nothing = perm.every((axis, i) => axis === i)
        if (nothing && !outputs.has(node.outputs[0]!)) {
          renamed.set(node.outputs[0]!, first.inputs[0]!)
          continue
        }
        node = { ...node, inputs: [first.inputs[0]!], attributes: { perm } }
      }
    }
    nodes.push(node)
    for (const name of node.outputs) producers.set(name, node)
  }
  return { ...graph, nodes }
}

const isTranspose = (node: Node): boolean => node.op === 'Transpose' && node.domain === ''

const permOf = (node: Node): readonly number[] | undefined =>
  node.attributes.perm === undefined ? undefined : intsAttribute(node, 'perm')
