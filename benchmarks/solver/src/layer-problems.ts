import type { Batch } from '@tacojs/calibration'
import { subgraph, type Graph, type PrunableLayer, type Tensor } from '@tacojs/graph'
import type { Backend } from '@tacojs/runtime'
import { createStatistics, type LayerProblem, type Numerics, type Statistics } from '@tacojs/solver'
import { layerRows } from './layer-rows.js'

export interface Looking {
  readonly backend: Backend
  readonly numerics: Numerics
  readonly threads: number
  readonly onImages: (done: number) => void
}

/** The layers' problems on the dense stream: inputs of the unpruned network, and the outputs that it gives for them. */
export async function layerProblems(
  graph: Graph,
  layers: readonly PrunableLayer[],
  batches: AsyncIterable<Pick<Batch, 'input'>>,
  { backend, numerics, threads, onImages }: Looking,
): Promise<LayerProblem[]> {
  const watched = layers.map((layer) => {
    const { inputs, outputs } = graph.nodes.find(({ name }) => name === layer.node)!
    return { layer, x: inputs[0]!, y: outputs[0]!, statistics: statisticsOf(numerics, graph, layer) }
  })
  const image = graph.inputs[0]!.name
  const values = [...new Set(watched.flatMap(({ x, y }) => [x, y]))]
  const program = await backend.compile(subgraph(graph, [image], values), { threads })
  try {
    let images = 0
    for await (const { input } of batches) {
      const given: Record<string, Tensor> = await program.run({ [image]: input })
      for (const { layer, x, y, statistics } of watched) {
        for (const rows of layerRows(graph, layer, given[x]!, given[y]!)) statistics.add(rows.x, rows.y, rows.n)
      }
      onImages((images += input.shape[0]!))
    }
  } finally {
    program.dispose()
  }
  return watched.map(({ statistics }) => statistics.finish())
}

function statisticsOf(numerics: Numerics, graph: Graph, { rows, cols, weight, bias }: PrunableLayer): Statistics {
  const weights = graph.initializers.get(weight)!.tensor.data as Float32Array
  return createStatistics(numerics, { rows, cols, weights, bias: bias !== undefined })
}
