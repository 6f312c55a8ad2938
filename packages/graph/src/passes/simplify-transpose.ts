import type { Dim, Graph, Node } from '../graph.js'
import { analyze } from '../infer.js'
import { onlyFor, rewrite, type Matcher, type Replacement } from '../match.js'
import { intsAttribute } from '../ops/attributes.js'

/**
 * Reshape to [A·B, M, D], Transpose of the last two axes, Reshape back to [A, B, D, M], as torch.export writes the key
 * of an attention, becomes one Transpose.
 */
export function simplifyTranspose(graph: Graph): Graph {
  const { types } = analyze(graph)
  return rewrite(graph, (node, m) => simplify(node, m, (value) => types.get(value)!.shape))
}

function simplify(node: Node, m: Matcher, shape: (value: string) => readonly Dim[]): Replacement | undefined {
  if (node.op !== 'Reshape' || node.domain !== '') return undefined
  const transpose = m.madeBy(node.inputs[0], 'Transpose')
  const first = m.madeBy(transpose?.inputs[0], 'Reshape')
  if (!transpose || !first || !onlyFor(m, transpose, first)) return undefined
  const perm = intsAttribute(transpose, 'perm', [])
  if (perm.join() !== '0,2,1') return undefined
  const [from, to, flat] = [shape(first.inputs[0]!), shape(node.outputs[0]!), shape(first.outputs[0]!)]
  const rank = from.length
  const swapped = [...from.slice(0, -2), from[rank - 1], from[rank - 2]]
  const keepsMatrix = flat.length === 3 && flat[1] === from[rank - 2] && flat[2] === from[rank - 1]
  if (rank < 3 || !keepsMatrix || to.length !== rank || to.some((d, i) => d !== swapped[i])) return undefined
  const axes = from.map((_, i) => i)
  return {
    node: {
      ...node,
      op: 'Transpose',
      inputs: [first.inputs[0]!],
      attributes: { perm: [...axes.slice(0, -2), rank - 1, rank - 2] },
    },
    swallowed: [transpose, first],
  }
}
