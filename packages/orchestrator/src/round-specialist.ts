import { prunableLayers } from '@tacojs/graph'
import { roundWeights, type Precision } from '@tacojs/model-io'
import type { Specialist } from './pruner.js'

/**
 * The specialist with weights that the bundle can store in that precision, so that whatever is measured of it is what
 * the bundle gives. Weights that round to zero count as zeros in the layers' reports.
 */
export function roundSpecialist(pruned: Specialist, precision: Precision, warn: (text: string) => void): Specialist {
  if (precision === 'fp32') return pruned
  const { graph, kept } = roundWeights(pruned.graph, precision)
  for (const { name, why } of kept) warn(`the weight '${name}' stays fp32: ${why}`)
  const weights = new Map(prunableLayers(graph, { all: true }).map(({ node, weight }) => [node, weight]))
  const layers = pruned.layers.map((layer) => {
    const data = graph.initializers.get(weights.get(layer.node)!)!.tensor.data as Float32Array
    const nonzeros = data.reduce((sum, v) => sum + (v === 0 ? 0 : 1), 0)
    return { ...layer, nonzeros, sparsity: 1 - nonzeros / data.length }
  })
  return { ...pruned, graph, layers }
}
