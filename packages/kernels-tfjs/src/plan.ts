import type { Graph, Node } from '@tacojs/graph'
import type { Kernel } from './kernel.js'
import { kernelOf } from './kernels/index.js'

/** One node to run, the values it makes, and those that nobody needs after it. */
export interface Step {
  readonly node: Node
  readonly kernel: Kernel
  readonly outputs: readonly string[]
  readonly activation?: 'relu'
  readonly dies: readonly string[]
}

/** The nodes in order, a Relu merged into the convolution that alone feeds it, with the values that die after each. */
export function plan(graph: Graph): Step[] {
  const merged = mergeRelu(graph)
  const last = new Map<string, number>()
  merged.forEach(({ node, outputs }, i) => {
    for (const name of [...outputs, ...node.inputs]) last.set(name, i)
  })
  for (const { name } of graph.outputs) last.delete(name)
  const dies = merged.map((): string[] => [])
  for (const [name, i] of last) if (name !== '' && !graph.initializers.has(name)) dies[i]!.push(name)
  return merged.map((step, i) => ({ ...step, kernel: kernelOf(step.node)!, dies: dies[i]! }))
}

type Merged = Pick<Step, 'node' | 'outputs' | 'activation'>

function mergeRelu(graph: Graph): Merged[] {
  const uses = new Map<string, Node[]>()
  for (const node of graph.nodes) for (const name of node.inputs) uses.set(name, [...(uses.get(name) ?? []), node])
  const outputs = new Set(graph.outputs.map((o) => o.name))
  const gone = new Set<Node>()
  const merged: Merged[] = []
  for (const node of graph.nodes) {
    if (gone.has(node)) continue
    const only = uses.get(node.outputs[0]!)
    const relu = node.op === 'Conv' && only?.length === 1 && only[0]!.op === 'Relu' && !outputs.has(node.outputs[0]!)
    if (relu) gone.add(only[0]!)
    merged.push(relu ? { node, outputs: only[0]!.outputs, activation: 'relu' } : { node, outputs: node.outputs })
  }
  return merged
}
