import { opDefinition, type Graph, type Tensor } from '@tacojs/graph'
import type { Backend } from '../backend.js'
import { checkInputs } from '../check-inputs.js'

/** A backend of a page, for tests: every operator that the graph package itself can evaluate. Counts the nodes it runs. */
export function evaluatingBackend(): Backend & { readonly ran: string[] } {
  const ran: string[] = []
  return {
    name: 'evaluating',
    ran,
    unsupported: (node) => (opDefinition(node.op, node.domain)?.evaluate ? undefined : `no ${node.op}`),
    compile: async (graph: Graph) => ({
      async run(inputs) {
        checkInputs(graph, inputs)
        const values = new Map<string, Tensor>(Object.entries(inputs))
        for (const [name, { tensor }] of graph.initializers) values.set(name, tensor)
        for (const node of graph.nodes) {
          ran.push(node.name)
          const outputs = opDefinition(node.op, node.domain)!.evaluate!(
            node,
            node.inputs.map((name) => values.get(name)),
          )
          node.outputs.forEach((name, i) => values.set(name, outputs[i]!))
        }
        return Object.fromEntries(graph.outputs.map(({ name }) => [name, values.get(name)!]))
      },
      write: () => undefined,
      read: async (name) => graph.initializers.get(name)!.tensor,
      dispose: () => undefined,
    }),
  }
}
