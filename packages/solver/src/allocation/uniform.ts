import { TacoError } from '@tacojs/errors'
import { allocationOf, checkAllocation, optionAt, type Allocation, type LayerTable } from './table.js'

/**
 * One sparsity for all layers: the lowest whose cost is within the budget, between the options where need be. It stays
 * where all tables reach. Throws INVALID_ARGUMENT as `checkAllocation`, and where the tables share no sparsity.
 */
export function allocateUniform(tables: readonly LayerTable[], budget: number): Allocation {
  checkAllocation(tables, budget)
  const from = Math.max(...tables.map((table) => table[0].sparsity))
  const to = Math.min(...tables.map((table) => table[table.length - 1].sparsity))
  if (from > to) {
    throw new TacoError(
      'INVALID_ARGUMENT',
      'allocation: the layers share no sparsity; measure all of them at the same ones',
    )
  }
  const knots = [...new Set(tables.flat().map((o) => o.sparsity))]
    .filter((s) => s >= from && s <= to)
    .sort((a, b) => a - b)
  const at = (sparsity: number): Allocation => allocationOf(tables.map((table) => optionAt(table, sparsity)))
  const costs = knots.map((s) => at(s).cost)
  checkAllocation(tables, budget, Math.min(...costs))
  const first = costs.findIndex((cost) => cost <= budget)
  if (first <= 0) return at(knots[first < 0 ? costs.indexOf(Math.min(...costs)) : 0])
  // The sum is linear between two knots.
  const share = (costs[first - 1] - budget) / (costs[first - 1] - costs[first])
  return at(knots[first - 1] + share * (knots[first] - knots[first - 1]))
}
