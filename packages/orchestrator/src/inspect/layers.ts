import { costs, inferTypes, prunableLayers, type Dim, type Graph, type PrunableLayer } from '@tacojs/graph'
import { sharingOf } from '../prune/shared-weights.js'
import type { KernelNote } from '@tacojs/runtime'

export interface InspectedLayer {
  readonly name: string
  readonly kind: string
  /** Of the weight, as the graph has it. */
  readonly shape: readonly number[]
  readonly rows: number
  readonly cols: number
  readonly groups: number
  /** Of what it gives; absent where the size of images is open. */
  readonly output?: readonly Dim[]
  /** For one image; absent likewise. */
  readonly macs?: number
  /** Weight and bias. */
  readonly parameters: number
  /** Weights that are not zero. */
  readonly nonzeros: number
  /** Share of the weights that are zero. */
  readonly sparsity: number
  /** What kind of zeros a bundle has on purpose. */
  readonly pattern?: string
  readonly prunable: boolean
  /** Why it is left out of pruning. */
  readonly whyNot?: string
  /** Which kernel of the default backend computes it, and why that one. */
  readonly kernel?: string
  readonly reason?: string
  /** Of a bundle: bytes in the compact weights, values and positions. */
  readonly bytes?: { readonly values: number; readonly positions: number }
}

/** Every layer with a constant weight, in the order of the network. `sized` is undefined where no size is known. */
export function inspectLayers(
  graph: Graph,
  sized: Graph | undefined,
  kernels: ReadonlyMap<string, KernelNote>,
): (InspectedLayer & Pick<PrunableLayer, 'node'>)[] {
  const all = prunableLayers(graph, { all: true })
  const chosen = new Set(prunableLayers(graph).map((layer) => layer.node))
  const isShared = sharingOf(graph)
  const costOf = new Map((sized ? costs(sized) : []).map((cost) => [cost.node, cost.macs]))
  const types = sized && inferTypes(sized)
  const outputOf = new Map(graph.nodes.map((node) => [node.name, node.outputs[0]!]))
  const [first, last] = [all.findIndex((l) => chosen.has(l.node)), all.findLastIndex((l) => chosen.has(l.node))]
  return all.map((layer, i) => {
    const { node, name, kind, weight, bias, rows, cols, groups } = layer
    const { tensor, sparsity: note } = graph.initializers.get(weight)!
    const data = tensor.data as Float32Array
    const nonzeros = data.reduce((sum, v) => sum + (v === 0 ? 0 : 1), 0)
    const macs = costOf.get(node)
    const kernel = kernels.get(node)
    return {
      ...{ node, name, kind, shape: tensor.shape, rows, cols, groups },
      ...(types ? { output: types.get(outputOf.get(node)!)!.shape } : {}),
      ...(macs === undefined ? {} : { macs }),
      parameters: data.length + (bias ? rows : 0),
      nonzeros,
      sparsity: data.length === 0 ? 0 : 1 - nonzeros / data.length,
      ...(note ? { pattern: note.pattern } : {}),
      prunable: chosen.has(node) && !isShared(layer),
      ...(chosen.has(node) && isShared(layer) ? { whyNot: 'shares its weight with another layer' } : {}),
      ...(chosen.has(node) ? {} : { whyNot: whyNot(layer, tensor.shape, i, first, last) }),
      ...(kernel ? { kernel: kernel.kernel, reason: kernel.reason } : {}),
    }
  })
}

/** In words, what `prunableLayers` leaves out. */
function whyNot(layer: PrunableLayer, shape: readonly number[], i: number, first: number, last: number): string {
  const kernel = shape.slice(2).reduce((a, b) => a * b, 1)
  if (layer.groups > 1 && layer.cols === kernel) return 'depthwise: each output has one input channel'
  if (first < 0) return 'the first or the last layer, and there are no residual blocks'
  if (i < first) return 'before the first residual block'
  if (i > last) return 'after the last residual block'
  return 'only gates another branch'
}
