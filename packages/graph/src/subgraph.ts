import { TacoError } from '@tacojs/errors'
import type { Graph, Node, ValueInfo } from './graph.js'
import { inferTypes } from './infer.js'

/**
 * The part of a graph that computes `outputs` from `inputs` (value names; graph inputs that are needed must be among
 * them). Weights are shared, not copied. Types, symbolic dimensions included, are those of the whole graph.
 *
 * @throws INVALID_ARGUMENT for an unknown value, or one that `inputs` do not suffice for
 */
export function subgraph(graph: Graph, inputs: readonly string[], outputs: readonly string[]): Graph {
  const types = inferTypes(graph)
  const info = (name: string): ValueInfo => {
    const type = types.get(name)
    if (!type) throw new TacoError('INVALID_ARGUMENT', `the graph has no value '${name}'`)
    return { name, ...type }
  }
  const given = new Set(inputs)
  const needed = new Set(outputs.filter((name) => !given.has(name)))
  const nodes: Node[] = []
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((name) => needed.has(name))) continue
    for (const name of node.outputs) needed.delete(name)
    for (const name of node.inputs)
      if (name !== '' && !given.has(name) && !graph.initializers.has(name)) needed.add(name)
    nodes.unshift(node)
  }
  for (const name of needed) {
    if (graph.initializers.has(name)) continue
    info(name)
    throw new TacoError(
      'INVALID_ARGUMENT',
      `the part needs '${name}', which is not among its inputs: ${inputs.join(', ')}`,
    )
  }
  const used = new Set([...nodes.flatMap((n) => n.inputs), ...outputs])
  return {
    name: graph.name,
    inputs: inputs.filter((name) => used.has(name)).map(info),
    outputs: outputs.map(info),
    nodes,
    initializers: new Map([...graph.initializers].filter(([name]) => used.has(name))),
  }
}
