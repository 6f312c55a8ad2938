import type { PrunableLayer } from '@tacojs/graph'
import { budgetOf, type Pattern } from '@tacojs/solver'

/** A layer whose groups of rows are pruned one by one: no block reaches over two of them. */
type Grouped = Pick<PrunableLayer, 'rows' | 'cols' | 'groups'>

/**
 * Sparsity of each group of a grouped convolution, with which the layer has ⌊n·s⌋ zeros of all its n weights (or blocks):
 * as even as whole numbers allow, the first groups one more. Groups with more zeros already keep them, and the others have
 * the rest to share.
 *
 * @param allowed per group, 1 = may be kept, as of the solver
 */
export function groupSparsities(
  layer: Grouped,
  pattern: Pattern,
  sparsity: number | undefined,
  allowed?: readonly Uint8Array[],
): (number | undefined)[] {
  const { groups } = layer
  if (groups === 1 || pattern.kind === 'nm') return Array<number | undefined>(groups).fill(sparsity)
  const units = unitsOf(layer, pattern)
  if (units === 0) return Array<number | undefined>(groups).fill(sparsity)
  const asked = units * groups - budgetOf(units * groups, 1, { kind: 'unstructured' }, sparsity).nonzeros
  const there = Array.from({ length: groups }, (_, g) => units - unitsOf(layer, pattern, allowed?.[g]))
  return shared(asked, there).map((zeros) => zeros / units)
}

/** Weights that a layer keeps, or blocks, which may be smaller at the edges. */
export function keptOf(layer: Grouped, pattern: Pattern, sparsity: number | undefined): number {
  const { rows, cols, groups } = layer
  return groupSparsities(layer, pattern, sparsity).reduce<number>(
    (sum, own) => sum + budgetOf(rows / groups, cols, pattern, own).nonzeros,
    0,
  )
}

/** Weights, or blocks, of one group, in which something may be kept. */
export function unitsOf({ rows, cols, groups }: Grouped, pattern: Pattern, allowed?: Uint8Array): number {
  const { blocks, nonzeros } = budgetOf(rows / groups, cols, pattern, 0, allowed)
  return blocks ?? nonzeros
}

/** `total` in even parts that are no smaller than these. */
function shared(total: number, least: readonly number[]): number[] {
  const open = new Set(least.keys())
  for (;;) {
    const rest = total - least.reduce((sum, own, g) => sum + (open.has(g) ? 0 : own), 0)
    const even = Math.max(0, Math.floor(rest / open.size))
    const over = [...open].filter((g) => least[g]! > even)
    if (over.length === 0 || over.length === open.size) {
      let more = over.length === 0 ? rest - even * open.size : 0
      return least.map((own, g) => (open.has(g) && over.length === 0 ? even + Number(more-- > 0) : own))
    }
    for (const g of over) open.delete(g)
  }
}
