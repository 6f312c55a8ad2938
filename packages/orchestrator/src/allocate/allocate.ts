import {
  allocateByDynamicProgramming,
  allocateMarginal,
  allocateProgression,
  allocateUniform,
  refineTable,
  type Allocation,
  type LayerTable,
} from '@tacojs/solver'
import type { Recipe } from '../recipe.js'
import type { LayerCost } from './costs.js'
import type { LayerLosses } from './layer-losses.js'

export type AllocationMethod = 'uniform' | 'progression' | 'marginal' | 'dp'

/** Whether an allocation looks at the layers' losses, which have to be measured then. */
export const looksAtLosses = (method: AllocationMethod): boolean => method === 'marginal' || method === 'dp'

const allocators: Record<AllocationMethod, (tables: readonly LayerTable[], budget: number) => Allocation> = {
  uniform: allocateUniform,
  progression: allocateProgression,
  marginal: allocateMarginal,
  dp: allocateByDynamicProgramming,
}

/** Options between two that were measured: steps of about 3 % of what is kept. */
const between = 24

/** No layer gets a higher sparsity unless the budget needs it: a layer that is gone takes the network with it. */
export const highestOfLayer = 0.985

/**
 * Sparsity of each layer, by name, for a budget of the layers together.
 *
 * @throws INVALID_ARGUMENT for a budget that cannot be met, naming the least
 */
export function allocate(
  layers: readonly LayerLosses[],
  cost: LayerCost,
  method: AllocationMethod,
  budget: number,
): ReadonlyMap<string, number> {
  const tables = layers.map(({ planned: { layer }, losses }) =>
    refineTable(
      losses.map((option) => ({ ...option, cost: cost(layer, option.sparsity) })),
      between,
    ),
  )
  const capped = tables.map((table) => {
    const below = table.filter((option) => option.sparsity <= highestOfLayer)
    // what has more zeros already stays as it is
    return below.length > 0 ? below : table.slice(0, 1)
  })
  const least = capped.reduce((sum, table) => sum + Math.min(...table.map((option) => option.cost)), 0)
  const { sparsities } = allocators[method](least <= budget ? capped : tables, budget)
  return new Map(layers.map(({ planned }, i) => [planned.layer.name, sparsities[i]!]))
}

/** A recipe that gives these layers these sparsities; written out, it gives the same specialist again. */
export function withSparsities(recipe: Recipe, sparsities: ReadonlyMap<string, number>): Recipe {
  const layers = { ...recipe.layers }
  for (const [name, sparsity] of sparsities) layers[name] = { ...layers[name], sparsity }
  return { ...recipe, layers }
}
