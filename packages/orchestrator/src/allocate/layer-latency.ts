import { checkpoint } from '@tacojs/errors'
import { float32, inferTypes, sizeOf, subgraph, type Graph } from '@tacojs/graph'
import { measureLatency, type Backend, type Program } from '@tacojs/runtime'
import type { PlannedLayer } from '../prune/plan.js'
import { withRandomZeros } from './random-zeros.js'

export interface LatencyOptions {
  readonly backend: Backend
  /** [C, H, W] of an image, for inputs whose size is free. */
  readonly image: readonly number[]
  readonly threads?: number
  /** Timed runs of each sparsity; the median counts. */
  readonly runs?: number
  readonly signal?: AbortSignal
  readonly onLayer?: (done: number, total: number, name: string) => void
}

/**
 * Milliseconds of each layer alone for one image, [layer][sparsity], on a backend: zeros at random places that the
 * layer's pattern allows. The sparsities of a layer take turns, so that a drift of the machine's speed meets all
 * alike. They are no parts of the network's time, in which inputs are in the cache and activations are joined to
 * layers: for comparison.
 */
export async function layerLatencies(
  graph: Graph,
  layers: readonly Pick<PlannedLayer, 'layer' | 'settings'>[],
  sparsities: readonly number[],
  { backend, image, threads, runs = 7, signal, onLayer }: LatencyOptions,
): Promise<number[][]> {
  const types = inferTypes(oneImage(graph, image))
  const table: number[][] = []
  for (const [i, planned] of layers.entries()) {
    const { layer } = planned
    await checkpoint(signal)
    onLayer?.(i, layers.length, layer.name)
    const node = graph.nodes.find((n) => n.name === layer.node)!
    const [input, output] = [node.inputs[0]!, node.outputs[0]!]
    const shape = types.get(input)!.shape as number[]
    const programs: Program[] = []
    try {
      for (const sparsity of sparsities) {
        const pruned = withRandomZeros(graph, [planned], () => sparsity, i + 1)
        programs.push(await backend.compile(subgraph(pruned, [input], [output]), { threads }))
      }
      const x = float32(
        shape,
        Float32Array.from({ length: sizeOf(shape) }, (_, at) => Math.sin(at + 1)),
      )
      const latencies = await measureLatency(programs, { [input]: x }, { runs, signal })
      table.push(latencies.map((latency) => latency.medianMs))
    } finally {
      for (const program of programs) program.dispose()
    }
  }
  onLayer?.(layers.length, layers.length, 'done')
  return table
}

/** The graph for one image of that size. */
function oneImage(graph: Graph, image: readonly number[]): Graph {
  const sizes = new Map<string, number>()
  const fixed = graph.inputs.map((value) => ({
    ...value,
    shape: value.shape.map((dim, i) => {
      if (typeof dim === 'number') return dim
      sizes.set(dim, i === 0 ? 1 : image[i - 1]!)
      return sizes.get(dim)!
    }),
  }))
  const outputs = graph.outputs.map((value) => ({
    ...value,
    shape: value.shape.map((dim) => sizes.get(`${dim}`) ?? dim),
  }))
  return { ...graph, inputs: fixed, outputs }
}
