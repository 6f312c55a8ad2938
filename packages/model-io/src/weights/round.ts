import { withInitializers, type Graph, type Initializer, type Tensor } from '@tacojs/graph'
import { roundedTo, storedForms, type KeptWeight, type Precision } from './precision.js'

/**
 * The graph with weights that a precision can store without further loss: `encodeWeights` then writes them so, and
 * `exportOnnx` with that choice of weights exports just these. Zeros stay zero; weights that round to zero count as
 * zeros in the notes on sparsity.
 */
export function roundWeights(
  graph: Graph,
  precision: Precision,
): { readonly graph: Graph; readonly kept: readonly KeptWeight[] } {
  const { forms, kept } = storedForms(graph, precision)
  const rounded = new Map<string, Initializer>()
  for (const [name, form] of forms) {
    const { tensor, sparsity } = graph.initializers.get(name)!
    const data = roundedTo(form, tensor as Tensor<'float32'>)
    const nonzeros = data.reduce((sum, v) => sum + (v === 0 ? 0 : 1), 0)
    rounded.set(name, { tensor: { ...tensor, data }, ...(sparsity ? { sparsity: { ...sparsity, nonzeros } } : {}) })
  }
  return { graph: withInitializers(graph, rounded), kept }
}
