import { TacoError } from '@tacojs/errors'
import type { GraphProto, NodeProto } from './proto.js'

/** The nodes in topological order; a sorted list keeps its order. Throws INVALID_MODEL for a cycle or a value made twice. */
export function sortNodes(nodes: readonly NodeProto[]): NodeProto[] {
  const producer = new Map<string, number>()
  nodes.forEach((node, i) => {
    for (const output of node.output ?? []) {
      if (output === '') continue
      if (producer.has(output)) throw new TacoError('INVALID_MODEL', `value "${output}" is produced by two nodes`)
      producer.set(output, i)
    }
  })
  const needs = nodes.map((node) => [...usedBy(node)].flatMap((name) => producer.get(name) ?? []))
  const sorted: NodeProto[] = []
  const state = new Uint8Array(nodes.length)
  const [open, done] = [1, 2]
  for (let start = 0; start < nodes.length; start++) {
    if (state[start] === done) continue
    // An explicit stack, since a chain of nodes can be deeper than the call stack.
    const stack: [node: number, next: number][] = [[start, 0]]
    state[start] = open
    while (stack.length) {
      const top = stack[stack.length - 1]!
      const need = needs[top[0]]![top[1]++]
      if (need === undefined) {
        state[top[0]] = done
        sorted.push(nodes[top[0]]!)
        stack.pop()
      } else if (state[need] === open) {
        throw new TacoError('INVALID_MODEL', `the graph has a cycle through ${describe(nodes[need]!)}`)
      } else if (state[need] !== done) {
        state[need] = open
        stack.push([need, 0])
      }
    }
  }
  return sorted
}

export const describe = (node: NodeProto): string =>
  node.name ? `${node.opType} node "${node.name}"` : `the ${node.opType} node that makes "${node.output?.[0] ?? ''}"`

/** The values a node needs: its inputs and those that its bodies capture from outside. */
function usedBy(node: NodeProto): Set<string> {
  const names = new Set(node.input)
  for (const attribute of node.attribute ?? []) if (attribute.g) captured(attribute.g, names)
  return names
}

function captured(graph: GraphProto, into: Set<string>): void {
  const own = new Set<string>()
  for (const t of graph.initializer ?? []) own.add(t.name ?? '')
  for (const t of graph.sparseInitializer ?? []) own.add(t.values?.name ?? '')
  for (const v of graph.input ?? []) own.add(v.name ?? '')
  for (const node of graph.node ?? []) for (const output of node.output ?? []) own.add(output)
  for (const node of graph.node ?? []) for (const name of usedBy(node)) if (!own.has(name)) into.add(name)
  for (const v of graph.output ?? []) if (!own.has(v.name ?? '')) into.add(v.name ?? '')
}
