import { TacoError } from '@tacojs/errors'
import { checkTable, optionAt, type LayerTable } from './table.js'

/**
 * A table with `steps` more options between each two: few measured sparsities are enough, and an allocation is not bound
 * to them. Equal ratios of what is kept; the loss by monotone cubic interpolation over the logarithm of that (Fritsch and
 * Carlson 1980; slopes as in Fritsch and Butland 1984), which adds no minimum that was not measured; the cost linear.
 * An option that keeps nothing (sparsity 1) is joined to the one before it by nothing. Throws INVALID_ARGUMENT for a
 * bad table, as the allocators do, and for steps that are no integer of 0 or more.
 */
export function refineTable(table: LayerTable, steps: number): LayerTable {
  checkTable('refineTable: the table', table)
  if (!(Number.isSafeInteger(steps) && steps >= 0)) {
    throw new TacoError('INVALID_ARGUMENT', `refineTable: steps is ${steps}; give an integer of 0 or more`)
  }
  const measured = table.filter((o) => o.sparsity < 1)
  const x = measured.map((o) => -Math.log(1 - o.sparsity))
  const slopes = monotoneSlopes(
    x,
    measured.map((o) => o.loss),
  )
  const refined = measured.flatMap((option, i) => {
    if (i + 1 === measured.length) return [option]
    const next = measured[i + 1]
    const h = x[i + 1] - x[i]
    const inner = Array.from({ length: steps }, (_, k) => {
      const t = (k + 1) / (steps + 1)
      const sparsity = 1 - Math.exp(-(x[i] + t * h))
      const loss =
        (1 + 2 * t) * (1 - t) ** 2 * option.loss +
        t * (1 - t) ** 2 * h * slopes[i] +
        t * t * (3 - 2 * t) * next.loss +
        t * t * (t - 1) * h * slopes[i + 1]
      return { sparsity, loss, cost: optionAt(measured, sparsity).cost }
    })
    return [option, ...inner]
  })
  return [...refined, ...table.filter((o) => o.sparsity === 1)]
}

/** Weighted harmonic means of the neighbouring slopes, 0 where those change sign; one-sided at the ends. */
function monotoneSlopes(x: readonly number[], y: readonly number[]): number[] {
  const secants = x.slice(1).map((to, i) => (y[i + 1] - y[i]) / (to - x[i]))
  return x.map((_, i) => {
    const [left, right] = [secants[i - 1], secants[i]]
    if (left === undefined || right === undefined) return left ?? right ?? 0
    if (left * right <= 0) return 0
    const [before, after] = [x[i] - x[i - 1], x[i + 1] - x[i]]
    return (3 * (before + after)) / ((2 * after + before) / left + (after + 2 * before) / right)
  })
}
