import { prunableLayers, type Graph } from '@tacojs/graph'

/** Share of the layers' weights that are zero. */
export function zeroShare(graph: Graph): number {
  let [zeros, all] = [0, 0]
  for (const { weight } of prunableLayers(graph)) {
    const { data } = graph.initializers.get(weight)!.tensor
    all += data.length
    for (const value of data as Float32Array) if (value === 0) zeros++
  }
  return all === 0 ? 0 : zeros / all
}
