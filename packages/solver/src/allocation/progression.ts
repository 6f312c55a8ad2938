import {
  allocationOf,
  beyond,
  checkAllocation,
  isWithin,
  optionAt,
  type Allocation,
  type LayerOption,
  type LayerTable,
} from './table.js'

/** What the first layer keeps above the mean, and the last below it: no more than this part of the mean … */
const TILT = 0.6
/** … nor than this share of the layer. */
const MOST = 0.08

/**
 * Sparsities that rise in an arithmetic progression from the first layer to the last (Huang et al. 2025, ATP): errors of
 * early layers go through all later ones, which have to make up for them. Of n tables in the order of the layers, layer i
 * keeps d + t(1 − 2i/(n − 1)) of its weights, a lone one d + t, with t = min(0.6d, 0.08), d as large as the budget
 * allows; between the options where need be, and within them. Losses are not looked at. Throws INVALID_ARGUMENT as
 * `checkAllocation`.
 */
export function allocateProgression(tables: readonly LayerTable[], budget: number): Allocation {
  checkAllocation(tables, budget)
  const place = (i: number): number => 1 - (2 * i) / Math.max(1, tables.length - 1)
  const at = (mean: number): Allocation => {
    const tilt = Math.min(TILT * mean, MOST)
    return allocationOf(tables.map((table, i) => optionNear(table, 1 - mean - tilt * place(i))))
  }
  const means = knots(tables, place)
  let least = Infinity
  let above: { readonly mean: number; readonly cost: number } | undefined
  for (const mean of means) {
    const here = at(mean)
    if (isWithin(here.cost, budget)) return above ? at(crossing({ mean, cost: here.cost }, above, budget)) : here
    least = Math.min(least, here.cost)
    above = { mean, cost: here.cost }
  }
  throw beyond(budget, least)
}

/**
 * The mean shares, largest first, at which a layer is at one of its options or the tilt changes: between two of them,
 * costs are linear. At the largest all layers keep all that they can, at the last the least.
 */
function knots(tables: readonly LayerTable[], place: (layer: number) => number): number[] {
  const bend = MOST / TILT
  const most = 1 + MOST
  const found = tables.flatMap((table, i) =>
    table.flatMap(({ sparsity }) => [
      Math.min(bend, (1 - sparsity) / (1 + TILT * place(i))),
      Math.max(bend, 1 - sparsity - MOST * place(i)),
    ]),
  )
  const inside = found.filter((mean) => mean > 0 && mean < most)
  return [...new Set([most, ...inside, bend, 0])].sort((a, b) => b - a)
}

/** The option at a sparsity, itself where rounding alone is between them: what costs nothing then costs nothing. */
function optionNear(table: LayerTable, sparsity: number): LayerOption {
  const option = table.find((o) => o.sparsity >= sparsity - 1e-12)
  return option && option.sparsity <= sparsity + 1e-12 ? option : optionAt(table, sparsity)
}

/** Where the line through two points (mean, cost), of which the second costs too much, meets the budget. */
function crossing(
  within: { readonly mean: number; readonly cost: number },
  above: { readonly mean: number; readonly cost: number },
  budget: number,
): number {
  const share = (budget - within.cost) / (above.cost - within.cost)
  return within.mean + Math.max(0, share) * (above.mean - within.mean)
}
