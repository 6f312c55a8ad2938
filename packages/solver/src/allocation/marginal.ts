import { allocationOf, between, checkAllocation, type Allocation, type LayerOption, type LayerTable } from './table.js'

/**
 * Equal marginal loss: what one more unit of cost would save is the same in every layer. Each table is replaced by its
 * lower convex hull; from the cheapest options on, the step that saves the most loss per cost is taken while the budget
 * lasts, and the last step is taken in part, so that the budget is used up. This solves the linear relaxation of the
 * choice (Sinha and Zoltners 1979, multiple-choice knapsack) exactly: no choice among the options loses less.
 * The one layer between two options has its loss and cost interpolated linearly.
 *
 * Throws INVALID_ARGUMENT for bad tables and a budget below the least cost, naming that.
 */
export function allocateMarginal(tables: readonly LayerTable[], budget: number): Allocation {
  checkAllocation(tables, budget)
  const hulls = tables.map(lowerHull)
  const chosen = hulls.map((hull) => hull[0])
  let left = budget - allocationOf(chosen).cost
  const steps = hulls.flatMap((hull, layer) =>
    hull.slice(1).map((to, i) => ({ layer, from: hull[i], to, gain: gainOf(hull[i], to) })),
  )
  // A stable sort: gains fall along a hull, and equal ones stay in its order.
  steps.sort((a, b) => b.gain - a.gain)
  for (const { layer, from, to } of steps) {
    const price = to.cost - from.cost
    if (price > left) {
      const share = Math.max(0, left / price)
      chosen[layer] = between(from, to, from.sparsity + share * (to.sparsity - from.sparsity))
      break
    }
    chosen[layer] = to
    left -= price
  }
  return allocationOf(chosen)
}

const gainOf = (from: LayerOption, to: LayerOption): number => (from.loss - to.loss) / (to.cost - from.cost)

/**
 * The options on the lower convex hull of (cost, loss), from the cheapest to the one with the least loss: costs rise,
 * losses fall, by less and less per cost.
 */
export function lowerHull(table: LayerTable): LayerOption[] {
  const hull: LayerOption[] = []
  for (const option of [...table].sort((a, b) => a.cost - b.cost || a.loss - b.loss)) {
    if (hull.length > 0 && option.loss >= hull[hull.length - 1].loss) continue
    while (
      hull.length > 1 &&
      gainOf(hull[hull.length - 2], hull[hull.length - 1]) <= gainOf(hull[hull.length - 1], option)
    )
      hull.pop()
    hull.push(option)
  }
  return hull
}
