import { costs, type Graph, type PrunableLayer } from '@tacojs/graph'

/** What a layer costs at a sparsity. */
export type LayerCost = (layer: PrunableLayer, sparsity: number) => number

/** Weights that are not zero. */
export const parameterCost: LayerCost = ({ rows, cols }, sparsity) => rows * cols * (1 - sparsity)

/** Multiply-accumulates for one image, those of zeros left out. */
export function macCost(graph: Graph): LayerCost {
  const macs = new Map(costs(graph).map((cost) => [cost.node, cost.macs]))
  return ({ node }, sparsity) => macs.get(node)! * (1 - sparsity)
}

/**
 * Milliseconds, between the measured sparsities on lines: `table` as `layerLatencies` gives it. More zeros never cost
 * more: where they were timed so, it was noise, or a kernel that has its turn only later.
 */
export function latencyCost(
  layers: readonly PrunableLayer[],
  sparsities: readonly number[],
  table: readonly (readonly number[])[],
): LayerCost {
  const rows = new Map(layers.map(({ name }, i) => [name, fallen(table[i]!)]))
  return ({ name }, sparsity) => {
    const row = rows.get(name)!
    const above = sparsities.findIndex((s) => s >= sparsity)
    if (above < 0) return row[row.length - 1]!
    if (above === 0) return row[0]!
    const [from, to] = [sparsities[above - 1]!, sparsities[above]!]
    return row[above - 1]! + ((sparsity - from) / (to - from)) * (row[above]! - row[above - 1]!)
  }
}

/** Each value, or the least before it. */
function fallen(values: readonly number[]): number[] {
  let least = Infinity
  return values.map((value) => (least = Math.min(least, value)))
}
