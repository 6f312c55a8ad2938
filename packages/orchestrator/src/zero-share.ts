import { prunableLayers, type Graph } from '@tacojs/graph'
import { unitsOf } from './prune/layer-budget.js'
import type { PlannedLayer } from './prune/plan.js'

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

/** Share of a layer that is zero in its pattern's units: of blocks only those in which nothing is left. */
export function zeroUnits(graph: Graph, { layer, settings: { pattern } }: PlannedLayer): number {
  const { data } = graph.initializers.get(layer.weight)!.tensor
  const allowed = Uint8Array.from(data as Float32Array, (value) => Number(value !== 0))
  const size = allowed.length / layer.groups
  let left = 0
  for (let g = 0; g < layer.groups; g++) left += unitsOf(layer, pattern, allowed.subarray(g * size, (g + 1) * size))
  return 1 - left / (layer.groups * unitsOf(layer, pattern))
}

/** The same of several layers together, each for as much as it has weights. */
export function zeroUnitsOf(graph: Graph, layers: readonly PlannedLayer[]): number {
  const weights = layers.map(({ layer: { rows, cols } }) => rows * cols)
  const zeros = layers.reduce((sum, planned, i) => sum + weights[i]! * zeroUnits(graph, planned), 0)
  return layers.length === 0 ? 0 : zeros / weights.reduce((a, b) => a + b, 0)
}
