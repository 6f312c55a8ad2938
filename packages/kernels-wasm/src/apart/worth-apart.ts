import { inferTypes, opDefinition, type Dim, type Graph } from '@tacojs/graph'

/** Multiplications of an image below which the way to the kernels and back is a good part of its time: some 40 µs. */
const leastWork = 1 << 20
/** Positions of an image that fill the vectors of a tile well enough by themselves. */
const leastPositions = 16
/** The share of all work that may be at layers with fewer positions. */
const mostAtFew = 1 / 10

const sizeOfImage = (shape: readonly Dim[]): number =>
  shape.reduce<number>((n, d) => (typeof d === 'number' ? n * d : n), 1)

/**
 * Whether images one by one are at least as fast as together. Kernels work on vectors of positions: an image with many of
 * them fills these alone, and its values stay in the caches from layer to layer; features of whole images, one position
 * each, must come together. It depends on nothing but the graph, so that results do not either.
 */
export function worthApart(graph: Graph): boolean {
  const types = inferTypes(graph)
  let work = 0
  let atFew = 0
  for (const node of graph.nodes) {
    const [inputs, outputs] = [node.inputs, node.outputs].map((names) => names.map((name) => types.get(name)))
    const macs =
      opDefinition(node.op, node.domain)?.macs?.(
        node,
        inputs!,
        outputs!.map((t) => t!),
      ) ?? 0
    if (macs === 0) continue
    const { shape } = outputs![0]!
    const positions = sizeOfImage(shape) / Number(shape[node.op === 'Conv' ? 1 : shape.length - 1])
    work += macs
    if (positions < leastPositions) atFew += macs
  }
  return work >= leastWork && atFew <= work * mostAtFew
}
