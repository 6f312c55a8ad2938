import type { BreakEvenResult } from '../results.js'
import { patternName } from '../sparsity.js'
import { median, medianRatio } from '../statistics.js'
import type { Table } from '../table.js'
import { crossing } from './crossing.js'
import type { BreakEvenPoint } from './measure.js'

/** Per shape and pattern: the dense time, the share from which on sparse wins, and how many times as fast it is at each. */
export function breakEvenTable({ backend, threads, points }: BreakEvenResult): Table {
  const shares = [...new Set(points.map(({ sparsity }) => sparsity.share))].sort((a, b) => a - b)
  const rows = new Map<string, BreakEvenPoint[]>()
  for (const point of points) {
    const key = JSON.stringify([point.layer, patternName(point.sparsity)])
    rows.set(key, [...(rows.get(key) ?? []), point])
  }
  const percent = (share: number): string => `${(100 * share).toFixed(0)} %`
  return {
    title: `Break-even of the sparse kernel (${backend}, ${threads} thread${threads === 1 ? '' : 's'})`,
    left: 2,
    header: ['layer', 'zeros', 'dense ms', 'break-even', ...shares.map((share) => `× at ${percent(share)}`)],
    rows: [...rows].map(([key, own]) => {
      const speedups = own
        .map(({ sparsity, dense, sparse }) => ({ share: sparsity.share, speedup: medianRatio(dense, sparse) }))
        .sort((a, b) => a.share - b.share)
      const even = crossing(speedups)
      const reached = even === undefined ? '–' : `${even === speedups[0]!.share ? '≤ ' : ''}${percent(even)}`
      const at = (share: number): string => speedups.find((s) => s.share === share)?.speedup.toFixed(2) ?? ''
      const denseMs = median(own.flatMap(({ dense }) => dense))
      return [...(JSON.parse(key) as string[]), denseMs.toFixed(2), reached, ...shares.map(at)]
    }),
  }
}
