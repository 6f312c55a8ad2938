import type { Graph, PrunableLayer } from '@tacojs/graph'
import type { Linalg } from '@tacojs/linalg'
import type { Stepper } from '@tacojs/runtime'
import { createStatistics, type LayerProblem } from '@tacojs/solver'
import { layerRows, ownOutput } from './layer-rows.js'

/**
 * The layer problems of one layer, one per group, from all batches: inputs of the sparse stream, outputs of the
 * dense stream, or, without one, what the layer's own dense weights make of the sparse stream's inputs.
 */
export function collect(
  linalg: Linalg,
  graph: Graph,
  layer: PrunableLayer,
  sparse: Stepper,
  dense: Stepper | undefined,
): LayerProblem[] {
  const node = graph.nodes.find((n) => n.name === layer.node)!
  const rows = layer.rows / layer.groups
  const weights = graph.initializers.get(layer.weight)!.tensor.data as Float32Array
  const biases = layer.bias ? (graph.initializers.get(layer.bias)!.tensor.data as Float32Array) : undefined
  const groups = Array.from({ length: layer.groups }, (_, g) => {
    const own = weights.subarray(g * rows * layer.cols, (g + 1) * rows * layer.cols)
    return {
      weights: own,
      bias: biases?.subarray(g * rows, (g + 1) * rows),
      statistics: createStatistics(linalg, { rows, cols: layer.cols, weights: own, bias: biases !== undefined }),
    }
  })
  for (let batch = 0; batch < sparse.batches; batch++) {
    const x = sparse.value(batch, node.inputs[0]!)
    const target = dense?.value(batch, node.outputs[0]!)
    for (const { group, x: inputs, y, n } of layerRows(graph, node, layer, x, target)) {
      const { statistics, ...own } = groups[group]!
      statistics.add(inputs, y ?? ownOutput(linalg, inputs, own, n), n)
    }
  }
  return groups.map(({ statistics }) => statistics.finish())
}
