import { TacoError } from '@tacojs/errors'
import type { Graph } from '@tacojs/graph'
import type { Precision } from '@tacojs/model-io'
import { keptOf } from '../prune/layer-budget.js'
import type { PlannedLayer } from '../prune/plan.js'
import { allocate, type AllocationMethod } from './allocate.js'
import { compactBytes } from './compact-bytes.js'
import type { LayerCost } from './costs.js'
import type { LayerLosses } from './layer-losses.js'
import { searchSparsity } from './search.js'

/** Sparsities of the layers that together cost as much as if all had this one. */
export function sparsitiesAt(
  layers: readonly LayerLosses[],
  cost: LayerCost,
  method: AllocationMethod,
  sparsity: number,
): ReadonlyMap<string, number> {
  // whatever they cost: timings do not fall evenly with rising sparsity
  if (method === 'uniform') return new Map(layers.map(({ planned }) => [planned.layer.name, sparsity]))
  const budget = layers.reduce((sum, { planned }) => sum + cost(planned.layer, sparsity), 0)
  return allocate(layers, cost, method, budget)
}

/** Which sparsities to try when a size is given; above, an allocation has no options. */
const highest = 0.99

/**
 * Sparsities with which the compact weights are no larger than `maxBytes`: as few zeros as that needs, to half a percent
 * of what is kept. Layers that are in neither list count as they are in the graph.
 *
 * @param of.free the layers that get them, @param of.fixed those that are pruned as their own settings say
 * @throws OUT_OF_REACH where no sparsity is enough, naming the least size
 */
export async function sparsitiesForBytes(
  graph: Graph,
  of: { readonly free: readonly LayerLosses[]; readonly fixed: readonly PlannedLayer[] },
  method: AllocationMethod,
  cost: LayerCost,
  maxBytes: number,
  precision: Precision = 'fp32',
): Promise<ReadonlyMap<string, number>> {
  const { free, fixed } = of
  const own = free.map(({ planned }) => planned.layer)
  const bytes = compactBytes(graph, [...own, ...fixed.map(({ layer }) => layer)], precision)
  // of blocks only whole ones go
  const keptBy = ({ layer, settings }: PlannedLayer, sparsity = settings.sparsity): number =>
    keptOf(layer, settings.pattern, sparsity)
  const bytesAt = (sparsity: number): number => {
    const sparsities = sparsitiesAt(free, cost, method, sparsity)
    // zeros that are there already are the first option
    const kept = free.map(({ planned, losses: [first] }) =>
      keptBy(planned, Math.max(first!.sparsity, sparsities.get(planned.layer.name)!)),
    )
    return bytes([...kept, ...fixed.map((planned) => keptBy(planned))])
  }
  const least = bytesAt(highest)
  if (least > maxBytes) {
    throw new TacoError(
      'OUT_OF_REACH',
      `${maxBytes} bytes cannot be met: with ${100 * highest} % zeros the compact weights are estimated at up to ${Math.ceil(least)}; allow that, or prune more layers`,
    )
  }
  const enough = await searchSparsity((sparsity) => bytesAt(sparsity) <= maxBytes, {
    good: highest,
    wish: 0,
    tolerance: 0.005,
  })
  return sparsitiesAt(free, cost, method, enough)
}
