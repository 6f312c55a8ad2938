import { allocationOf, checkAllocation, optionAt, type Allocation, type LayerTable } from './table.js'

/** How far the shares that the first and the last layer keep are from the mean one, as a part of it. */
const TILT = 0.6

/** Bisections of the mean share. */
const STEPS = 50

/**
 * Sparsities that rise in an arithmetic progression from the first layer to the last (Huang et al. 2025, ATP): errors of
 * early layers go through all later ones, which have to make up for them. Of n tables in the order of the layers, layer i
 * keeps d(1 + tilt(1 − 2i/(n − 1))) of its weights, d as large as the budget allows; between the options where need be,
 * and within them. Losses are not looked at. Throws INVALID_ARGUMENT as `checkAllocation`.
 */
export function allocateProgression(tables: readonly LayerTable[], budget: number, tilt = TILT): Allocation {
  checkAllocation(tables, budget, 0)
  const last = Math.max(1, tables.length - 1)
  const at = (mean: number): Allocation =>
    allocationOf(tables.map((table, i) => optionAt(table, 1 - mean * (1 + tilt * (1 - (2 * i) / last)))))
  let [enough, tooMuch] = [0, 1 / (1 - tilt)]
  checkAllocation(tables, budget, at(enough).cost)
  if (at(tooMuch).cost <= budget) return at(tooMuch)
  for (let step = 0; step < STEPS; step++) {
    const middle = (enough + tooMuch) / 2
    if (at(middle).cost <= budget) enough = middle
    else tooMuch = middle
  }
  return at(enough)
}
