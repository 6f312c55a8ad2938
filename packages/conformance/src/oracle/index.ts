import { TacoError } from '@tacojs/errors'
import type { Graph, Tensor } from '@tacojs/graph'
import { checkInputs } from '@tacojs/runtime'
import { binary } from './binary.js'
import { conv } from './conv.js'
import { creation } from './creation.js'
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
  ...creation,
}

export const kernelName = (node: { readonly op: string; readonly domain: string }): string =>
  node.domain ? `${node.domain}.${node.op}` : node.op

/** Names of the operators that the oracle knows, `ai.tacojs.` before those of our own. */
export const oracleOperators: readonly string[] = Object.keys(kernels)

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
    const kernel = kernels[kernelName(node)]
    if (!kernel)
      throw new TacoError('UNSUPPORTED', `the oracle has no operator '${kernelName(node)}' (node '${node.name}')`)
    const outputs = kernel(
      node,
      node.inputs.map((name) => (name === '' ? undefined : value(name, `node '${node.name}'`))),
    )
    node.outputs.forEach((name, i) => {
      if (name !== '') known.set(name, outputs[i]!)
    })
  }
  return Object.fromEntries(graph.outputs.map(({ name }) => [name, value(name, 'the graph’s outputs')]))
}
