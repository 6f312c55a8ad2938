import { allocationOf, checkAllocation, type Allocation, type LayerTable } from './table.js'

/** Intervals that the cost above the least is cut into; the steps of 100 layers then take 44 MB. */
const buckets = 20000

/**
 * The choice of one option per layer with the least sum of losses within the budget, by dynamic programming over the
 * cost (SPDY, Frantar and Alistarh 2022, section 3.1). Costs are what a choice costs above the least possible; of the
 * choices for the first layers whose costs fall into the same 20 000th of what may be spent, the one that loses least
 * goes on, with its true cost. So the budget is never exceeded, the answer is optimal for whole costs up to 20 000 above
 * the least, and else but for as many 20 000ths of the budget as there are layers. Ties: the cheaper, then the sparser.
 *
 * Throws INVALID_ARGUMENT for bad tables and a budget below the least cost, naming that.
 */
export function allocateByDynamicProgramming(tables: readonly LayerTable[], budget: number): Allocation {
  checkAllocation(tables, budget)
  const least = tables.map((table) => Math.min(...table.map((o) => o.cost)))
  const dearest = tables.map((table) => Math.max(...table.map((o) => o.cost)))
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
  const most = Math.min(budget, sum(dearest))
  // Sums of the same costs in another order differ in the last digits.
  const slack = Math.max(0, most - sum(least)) + 1e-12 * most
  let states: States = { costs: new Float64Array(buckets + 2).fill(Infinity), losses: new Float64Array(buckets + 2) }
  states.costs[0] = 0
  const steps = tables.map((table, layer) => {
    const step = extend(states, table, least[layer], slack)
    states = step
    return step
  })

  const { costs, losses } = states
  let at = 0
  for (let b = 1; b < costs.length; b++) if (costs[b] < Infinity && losses[b] < losses[at]) at = b
  const chosen = tables.map((table) => table[0])
  for (let layer = tables.length - 1; layer >= 0; layer--) {
    chosen[layer] = tables[layer][steps[layer].option[at]]
    at = steps[layer].from[at]
  }
  return allocationOf(chosen)
}

/**
 * The choices for some layers that go on: per bucket the cost above the least, Infinity where there is none, and the
 * loss.
 */
interface States {
  readonly costs: Float64Array
  readonly losses: Float64Array
}

/** One layer more: which of its options each new state takes, and from which state. */
function extend(
  { costs, losses }: States,
  table: LayerTable,
  least: number,
  slack: number,
): States & { readonly option: Uint16Array; readonly from: Int32Array } {
  const size = costs.length
  const [nextCosts, nextLosses] = [new Float64Array(size).fill(Infinity), new Float64Array(size).fill(Infinity)]
  const [option, from] = [new Uint16Array(size), new Int32Array(size)]
  const perCost = slack > 0 ? buckets / slack : 0
  for (let i = table.length - 1; i >= 0; i--) {
    const extra = table[i].cost - least
    const loses = table[i].loss
    for (let b = 0; b < size; b++) {
      const cost = costs[b] + extra
      if (!(cost <= slack)) continue
      // Bucket 0 is for the cheapest choice alone, which must not be lost to a dearer one.
      const to = cost === 0 ? 0 : 1 + ((cost * perCost) | 0)
      const loss = losses[b] + loses
      if (loss < nextLosses[to] || (loss === nextLosses[to] && cost < nextCosts[to])) {
        nextLosses[to] = loss
        nextCosts[to] = cost
        option[to] = i
        from[to] = b
      }
    }
  }
  return { costs: nextCosts, losses: nextLosses, option, from }
}
