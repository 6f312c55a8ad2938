import { createGraph, float32, inferTypes, toNumbers, type Node, type Tensor } from '@tacojs/graph'
import { evaluateWide } from './oracle/index.js'
import { widen } from './oracle/kernel.js'

/**
 * One operator by the oracle's kernels: computed in float64, float32 outputs rounded once at the end. For operators
 * that a backend meets too rarely to write a kernel for; plain loops, so keep it out of hot paths.
 *
 * @param inputs in the node's order, absent optional ones undefined
 * @returns one tensor per output of the node, with data of its own; integers are exact to 2^53
 * @throws TacoError UNSUPPORTED for an unknown operator, SHAPE_MISMATCH or INVALID_MODEL for inputs that do not fit it
 */
export function evaluateNode(node: Node, inputs: readonly (Tensor | undefined)[]): Tensor[] {
  // by place: the caller's node may use one value twice, or none by name
  const plain = { ...node, inputs: inputs.map((t, i) => (t ? `in${i}` : '')) }
  const given = Object.fromEntries(inputs.flatMap((t, i) => (t ? [[`in${i}`, t] as const] : [])))
  const types = inferTypes(createGraph({ inputs: [], outputs: [], nodes: [plain], initializers: given }))
  const wide = evaluateWide(
    plain,
    inputs.map((t) => t && widen(t)),
  )
  return node.outputs.map((name, i) => {
    const out = wide[i]!
    return types.get(name)?.dtype === 'float32'
      ? float32(out.shape, toNumbers(out))
      : ({ ...out, data: out.data.slice() } as Tensor)
  })
}
