import type { Graph, Initializer, Node } from '../graph.js'
import { analyze } from '../infer.js'
import { opDefinition } from '../ops/index.js'
import { int64, sizeOf, type Tensor } from '../tensor.js'

/** A folded constant may not hold more than this many elements beyond those it is made of. */
const LARGEST_GROWTH = 1 << 20

/** Replaces every node whose inputs are known by its value: constants, and shapes that do not depend on the batch. */
export function foldConstants(graph: Graph): Graph {
  const { types, elements } = analyze(graph)
  const known = new Map<string, Initializer>(graph.initializers)
  const outputs = new Set(graph.outputs.map((o) => o.name))
  const nodes: Node[] = []
  for (const node of graph.nodes) {
    const values = fold(
      node,
      known,
      (name) => {
        const e = elements.get(name)
        const numeric = e && e.values.every((v) => typeof v === 'number')
        return numeric ? int64(e.rank === 0 ? [] : [e.values.length], e.values as number[]) : undefined
      },
      types,
    )
    if (!values) {
      nodes.push(node)
      continue
    }
    node.outputs.forEach((name, i) => {
      if (name === '') return
      known.set(name, { tensor: values[i]! })
      // a graph output has to be made by a node
      if (outputs.has(name)) {
        known.delete(name)
        nodes.push({
          ...node,
          name: node.outputs.length > 1 ? `${node.name}/${i}` : node.name,
          op: 'Constant',
          domain: '',
          inputs: [],
          outputs: [name],
          attributes: { value: values[i]! },
        })
      }
    })
  }
  return { ...graph, nodes, initializers: known }
}

function fold(
  node: Node,
  known: ReadonlyMap<string, Initializer>,
  shapeValue: (name: string) => Tensor | undefined,
  types: ReturnType<typeof analyze>['types'],
): Tensor[] | undefined {
  const type = types.get(node.outputs[0]!)
  const shape = type?.dtype === 'int64' && node.outputs.length === 1 ? shapeValue(node.outputs[0]!) : undefined
  if (shape) return [shape]
  const evaluate = opDefinition(node.op, node.domain)?.evaluate
  if (!evaluate) return undefined
  const inputs = node.inputs.map((name) => (name === '' ? undefined : known.get(name)?.tensor))
  if (node.inputs.some((name, i) => name !== '' && !inputs[i])) return undefined
  const sizes = node.outputs.map((name) => types.get(name)?.shape ?? [])
  if (sizes.some((s) => s.some((d) => typeof d === 'string'))) return undefined
  const made = sizes.reduce((sum, s) => sum + sizeOf(s as number[]), 0)
  const given = inputs.reduce((sum, t) => sum + (t?.data.length ?? 0), 0)
  return made > given + LARGEST_GROWTH ? undefined : evaluate(node, inputs)
}
