import type { Graph, Node } from '../graph.js'
import { analyze } from '../infer.js'

const broadcasting = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow'])

/** An Expand that only feeds an operator which broadcasts by itself, to the shape of its other operand, is left out. */
export function removeBroadcast(graph: Graph): Graph {
  const { types } = analyze(graph)
  const producers = new Map(graph.nodes.map((node) => [node.outputs[0], node]))
  const same = (a: string, b: string): boolean => types.get(a)!.shape.join() === types.get(b)!.shape.join()
  const nodes = graph.nodes.map((node): Node => {
    if (!broadcasting.has(node.op) || node.domain !== '') return node
    const [a, b] = node.inputs as [string, string]
    const direct = (value: string, other: string): string => {
      const expand = producers.get(value)
      return expand?.op === 'Expand' && expand.domain === '' && same(value, other) ? expand.inputs[0]! : value
    }
    const left = direct(a, b)
    const inputs = [left, left === a ? direct(b, a) : b]
    return { ...node, inputs }
  })
  return { ...graph, nodes }
}
