import type { Graph, Initializer, Node } from './graph.js'
import { analyze } from './infer.js'
import { opDefinition } from './ops/index.js'
import { removeDead } from './passes/remove-dead.js'

/** The same computation in ONNX operators only: every node of ai.tacojs is replaced by its documented expansion. */
export function expandFused(graph: Graph): Graph {
  if (graph.nodes.every((node) => node.domain === '')) return graph
  const { types } = analyze(graph)
  const initializers = new Map<string, Initializer>(graph.initializers)
  const nodes: Node[] = []
  for (const node of graph.nodes) {
    const expand = opDefinition(node.op, node.domain)?.expand
    if (!expand) {
      nodes.push(node)
      continue
    }
    const expansion = expand(node, graph, types)
    nodes.push(...expansion.nodes)
    for (const [name, tensor] of expansion.initializers) {
      // what a fused node's own weight is known for (its sparsity) goes with its expanded form
      const source = node.inputs
        .map((input) => graph.initializers.get(input))
        .find((i) => i?.tensor.data.length === tensor.data.length && i.sparsity)
      initializers.set(name, source?.sparsity ? { tensor, sparsity: source.sparsity } : { tensor })
    }
  }
  return removeDead({ ...graph, nodes, initializers })
}
