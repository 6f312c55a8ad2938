import { TacoError } from '@tacojs/errors'

/** One way to prune a layer: what it loses and what is left to pay for. */
export interface LayerOption {
  /** Share of zeros, 0 to 1. */
  readonly sparsity: number
  /** What the network loses by it, in a unit that all layers share, such as KL of the task's output. */
  readonly loss: number
  /** Non-zeros, multiply-accumulates, milliseconds: what the budget is counted in. */
  readonly cost: number
}

/** The options of one layer by rising sparsity. Loss and cost need not be monotone: both may be measured. */
export type LayerTable = readonly LayerOption[]

export interface Allocation {
  /** One per layer, in the order of the tables. */
  readonly sparsities: readonly number[]
  /** Sum over the layers; never above the budget but for rounding. */
  readonly cost: number
  readonly loss: number
}

/**
 * Throws INVALID_ARGUMENT for no tables, an empty one, values that are not finite, a negative cost, a sparsity outside
 * [0, 1] or one that does not rise; and for a budget that is not a number or below `least`, naming `least`.
 */
export function checkAllocation(tables: readonly LayerTable[], budget: number, least = cheapest(tables)): void {
  if (tables.length === 0) throw new TacoError('INVALID_ARGUMENT', 'allocation: give at least one layer')
  for (const [layer, table] of tables.entries()) checkTable(`allocation: layer ${layer}`, table)
  if (!isWithin(least, budget)) throw beyond(budget, least)
}

/** Throws INVALID_ARGUMENT, beginning with `where`, as `checkAllocation` does for a table. */
export function checkTable(where: string, table: LayerTable): void {
  if (table.length === 0) throw new TacoError('INVALID_ARGUMENT', `${where} has no options`)
  for (const [i, { sparsity, loss, cost }] of table.entries()) {
    if (!(sparsity >= 0 && sparsity <= 1) || !Number.isFinite(loss) || !(cost >= 0 && cost < Infinity)) {
      throw new TacoError(
        'INVALID_ARGUMENT',
        `${where}, option ${i}: sparsity ${sparsity}, loss ${loss}, cost ${cost}; give a share of 0 to 1, a finite loss, and a finite cost of 0 or more`,
      )
    }
    if (i > 0 && !(sparsity > table[i - 1].sparsity)) {
      throw new TacoError('INVALID_ARGUMENT', `${where}, option ${i}: sparsity ${sparsity} does not rise`)
    }
  }
}

/** Whether a cost is within the budget: sums of the same costs in another order differ in the last digits. */
export const isWithin = (cost: number, budget: number): boolean => budget >= cost * (1 - 1e-12)

/** The error for a budget that no choice meets. */
export function beyond(budget: number, least: number): TacoError {
  return new TacoError(
    'INVALID_ARGUMENT',
    `allocation: a budget of ${budget} cannot be met, the least that the layers can cost is ${least}; raise it or allow higher sparsities`,
  )
}

/** The sum of each layer's least cost. */
function cheapest(tables: readonly LayerTable[]): number {
  return tables.reduce((sum, table) => sum + Math.min(...table.map((o) => o.cost)), 0)
}

/** A table read between its options: loss and cost are linear in the sparsity there. */
export function optionAt(table: LayerTable, sparsity: number): LayerOption {
  const above = table.findIndex((o) => o.sparsity >= sparsity)
  if (above < 0) return table[table.length - 1]
  if (above === 0) return table[0]
  return between(table[above - 1], table[above], sparsity)
}

/** The option at a sparsity on the line through two others. */
export function between(a: LayerOption, b: LayerOption, sparsity: number): LayerOption {
  const t = (sparsity - a.sparsity) / (b.sparsity - a.sparsity)
  return { sparsity, loss: a.loss + t * (b.loss - a.loss), cost: a.cost + t * (b.cost - a.cost) }
}

/** The options that were chosen, as the answer. */
export function allocationOf(chosen: readonly LayerOption[]): Allocation {
  return {
    sparsities: chosen.map((o) => o.sparsity),
    cost: chosen.reduce((sum, o) => sum + o.cost, 0),
    loss: chosen.reduce((sum, o) => sum + o.loss, 0),
  }
}
