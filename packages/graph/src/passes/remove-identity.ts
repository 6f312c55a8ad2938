import type { Graph, Node } from '../graph.js'
import { analyze } from '../infer.js'
import { castTarget } from '../ops/cast.js'
import { intsAttribute } from '../ops/attributes.js'
import { toNumbers } from '../tensor.js'

/** Removes nodes that give their first input unchanged: Identity, Cast to the same type, Reshape to the same shape, … */
export function removeIdentity(graph: Graph): Graph {
  const { types } = analyze(graph)
  const outputs = new Set(graph.outputs.map((o) => o.name))
  const renamed = new Map<string, string>()
  const nodes: Node[] = []
  for (const original of graph.nodes) {
    const inputs = original.inputs.map((name) => renamed.get(name) ?? name)
    const node = { ...original, inputs }
    if (isIdentity(node, graph, types) && !outputs.has(node.outputs[0]!)) renamed.set(node.outputs[0]!, inputs[0]!)
    else nodes.push(node)
  }
  return { ...graph, nodes }
}

function isIdentity(node: Node, graph: Graph, types: ReturnType<typeof analyze>['types']): boolean {
  if (node.domain !== '') return false
  const [from, to] = [types.get(node.inputs[0] ?? ''), types.get(node.outputs[0]!)]
  const sameShape = from?.shape.length === to?.shape.length && from?.shape.every((d, i) => d === to?.shape[i])
  switch (node.op) {
    case 'Identity':
      return true
    case 'Cast':
      return castTarget(node) === from?.dtype
    case 'Reshape':
    case 'Flatten':
    case 'Squeeze':
    case 'Unsqueeze':
    case 'Expand':
      return sameShape === true
    case 'Slice': {
      const steps = node.inputs[4] ? graph.initializers.get(node.inputs[4])?.tensor : undefined
      const forward = !node.inputs[4] || (steps !== undefined && toNumbers(steps).every((step) => step === 1))
      return sameShape === true && forward
    }
    case 'Transpose':
      return intsAttribute(node, 'perm', [-1]).every((p, i) => p === i)
    case 'Concat':
      return node.inputs.length === 1
    default:
      return false
  }
}
