import { allocationOf, checkAllocation, optionAt, type Allocation, type LayerTable } from './table.js'

/** What the first layer keeps above the mean, and the last below it: no more than this part of the mean … */
const TILT = 0.6
/** … nor than this share of the layer. */
const MOST = 0.08

/** Bisections of the mean share. */
const STEPS = 50

/**
 * Sparsities that rise in an arithmetic progression from the first layer to the last (Huang et al. 2025, ATP): errors of
 * early layers go through all later ones, which have to make up for them. Of n tables in the order of the layers, layer i
 * keeps d + t(1 − 2i/(n − 1)) of its weights, a lone one d + t, with t = min(0.6d, 0.08), d as large as the budget
 * allows; between the options where need be, and within them. Losses are not looked at. Throws INVALID_ARGUMENT as
 * `checkAllocation`.
 */
export function allocateProgression(tables: readonly LayerTable[], budget: number): Allocation {
  checkAllocation(tables, budget)
  const last = Math.max(1, tables.length - 1)
  const at = (mean: number): Allocation => {
    const tilt = Math.min(TILT * mean, MOST)
    return allocationOf(tables.map((table, i) => optionAt(table, 1 - mean - tilt * (1 - (2 * i) / last))))
  }
  let [enough, tooMuch] = [0, 1 + MOST]
  if (at(enough).cost > budget) return atMostOf(tables, budget, at)
  if (at(tooMuch).cost <= budget) return at(tooMuch)
  for (let step = 0; step < STEPS; step++) {
    const middle = (enough + tooMuch) / 2
    if (at(middle).cost <= budget) enough = middle
    else tooMuch = middle
  }
  return at(enough)
}

/** Shares that are tried where costs do not fall with rising sparsity. */
const TRIED = 1000

/** The largest mean share within the budget, where keeping least costs more. Throws as `checkAllocation`. */
function atMostOf(tables: readonly LayerTable[], budget: number, at: (mean: number) => Allocation): Allocation {
  const all = Array.from({ length: TRIED + 1 }, (_, i) => at((i / TRIED) * (1 + MOST)))
  checkAllocation(tables, budget, Math.min(...all.map(({ cost }) => cost)))
  return all.findLast(({ cost }) => cost <= budget)!
}
