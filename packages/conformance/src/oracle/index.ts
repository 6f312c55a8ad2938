import { TacoError } from '@tacojs/errors'
import type { Graph, Node, Tensor } from '@tacojs/graph'
import { checkInputs } from '@tacojs/runtime'
import { operatorName } from '../operator-name.js'
import { binary } from './binary.js'
import { conv } from './conv.js'
import { creation } from './creation.js'
import { indexing } from './indexing.js'
import { widen, type Kernels } from './kernel.js'
import { linear } from './linear.js'
import { normalization } from './normalization.js'
import { pooling } from './pooling.js'
import { reductions } from './reduction.js'
import { reshaping } from './reshaping.js'
import { slicing } from './slicing.js'
import { softmax } from './softmax.js'
import { unary } from './unary.js'

/** Every operator, family by family. */
const kernels: Kernels = {
  ...unary,
  ...binary,
  ...linear,
  ...conv,
  ...softmax,
  ...normalization,
  ...pooling,
  ...reductions,
  ...reshaping,
  ...slicing,
  ...indexing,
  ...creation,
}

/** Names of the operators that the oracle knows, `ai.tacojs.` before those of our own. */
export const oracleOperators: readonly string[] = Object.keys(kernels)

/** One node; its inputs (absent ones undefined) are widened already. Throws UNSUPPORTED for an unknown operator. */
export function evaluateWide(node: Node, inputs: readonly (Tensor | undefined)[]): Tensor[] {
  const name = operatorName(node)
  const kernel = kernels[name]
  if (!kernel) throw new TacoError('UNSUPPORTED', `the oracle has no operator '${name}' (node '${node.name}')`)
  return kernel(node, inputs)
}

/**
 * What a graph computes, in float64: float32 inputs and initializers are widened, float outputs are float64 tensors,
 * integer and bool ones keep their data type. Integers are exact to 2^53.
 *
 * Throws INVALID_ARGUMENT or SHAPE_MISMATCH for inputs that do not fit, UNSUPPORTED for an unknown operator.
 */
export function runOracle(graph: Graph, inputs: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  checkInputs(graph, inputs)
  const known = new Map<string, Tensor>()
  for (const [name, { tensor }] of graph.initializers) known.set(name, widen(tensor))
  for (const [name, tensor] of Object.entries(inputs)) known.set(name, widen(tensor))
  const value = (name: string, user: string): Tensor => {
    const found = known.get(name)
    if (!found) throw new TacoError('INVALID_MODEL', `${user} uses '${name}', which nothing before it computes`)
    return found
  }
  for (const node of graph.nodes) {
    const outputs = evaluateWide(
      node,
      node.inputs.map((name) => (name === '' ? undefined : value(name, `node '${node.name}'`))),
    )
    node.outputs.forEach((name, i) => {
      if (name !== '') known.set(name, outputs[i]!)
    })
  }
  return Object.fromEntries(graph.outputs.map(({ name }) => [name, value(name, 'the graph’s outputs')]))
}
