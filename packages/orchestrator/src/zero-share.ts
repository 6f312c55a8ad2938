import { prunableLayers, type Graph, type PrunableLayer } from '@tacojs/graph'

/** Share of the layers' weights that are zero. */
export function zeroShare(
  graph: Graph,
  layers: readonly Pick<PrunableLayer, 'weight'>[] = prunableLayers(graph),
): number {
  let [zeros, all] = [0, 0]
  for (const { weight } of layers) {
    const { data } = graph.initializers.get(weight)!.tensor
    all += data.length
    for (const value of data as Float32Array) if (value === 0) zeros++
  }
  return all === 0 ? 0 : zeros / all
}
