import type { Dim, Graph, Initializer, Node } from '../graph.js'
import { analyze } from '../infer.js'
import { numberAttribute } from '../ops/attributes.js'
import { int64 } from '../tensor.js'

/**
 * Takes the batch out of shape arithmetic, so that none is left at run time: a Reshape to [batch, …] becomes one to
 * [-1, …], and an Expand of [1, …] to [batch, …] becomes ExpandBatch.
 */
export function foldShapes(graph: Graph): Graph {
  const { types, elements } = analyze(graph)
  const added = new Map<string, Initializer>()
  const batches = graph.inputs.filter((i) => typeof i.shape[0] === 'string')
  const nodes = graph.nodes.map((node): Node => {
    const wanted = elements.get(node.inputs[1] ?? '')?.values
    if (!wanted || !wanted.some((d) => typeof d === 'string')) return node
    const from = types.get(node.inputs[0]!)!.shape
    if (node.op === 'Reshape') {
      const shape = constantShape(from, wanted, types.get(node.outputs[0]!)!.shape)
      // with allowzero a 0 is a size, not "as in the input"
      if (!shape || (wanted.includes(0) && numberAttribute(node, 'allowzero', 0) !== 0)) return node
      const name = `${node.outputs[0]}.shape`
      added.set(name, { tensor: int64([shape.length], shape) })
      return { ...node, inputs: [node.inputs[0]!, name], attributes: {} }
    }
    if (node.op === 'Expand') {
      const like = batches.find((i) => i.shape[0] === wanted[0])
      const others = wanted.slice(1).every((d, i) => d === from[i + 1] || d === 1)
      if (like && others && from.length === wanted.length && from[0] === 1) {
        return { ...node, op: 'ExpandBatch', domain: 'ai.tacojs', inputs: [node.inputs[0]!, like.name], attributes: {} }
      }
    }
    return node
  })
  return { ...graph, nodes, initializers: new Map([...graph.initializers, ...added]) }
}

/**
 * The wanted shape in numbers: a symbol that the input has at the same place is 0, another one -1. A -1 of the node's
 * own makes room for it where its size is known. Undefined where two symbols remain.
 */
function constantShape(from: readonly Dim[], wanted: readonly Dim[], result: readonly Dim[]): number[] | undefined {
  const shape = wanted.map((dim, i) => (typeof dim === 'string' && dim === from[i] ? 0 : dim))
  const open = shape.filter((d) => typeof d === 'string')
  if (open.length === 0) return shape as number[]
  const own = shape.indexOf(-1)
  if (own >= 0 && typeof result[own] === 'number') shape[own] = result[own]
  if (open.length > 1 || shape.includes(-1)) return undefined
  return shape.map((d) => (typeof d === 'string' ? -1 : d))
}
