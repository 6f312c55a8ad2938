import { tokenGrid } from '../layout/grid.js'
import { naturalView, without, type View } from '../layout/view.js'
import type { Planner } from '../plan/planner.js'

/** A new tensor with features along `rowAxis` whose last position dimension makes panels by itself. */
export function apartOnGrid(p: Planner, shape: readonly number[], rowAxis: number): View {
  const grid = tokenGrid(without(shape, rowAxis), p.tile, true)
  return naturalView(p.storage(shape[rowAxis]!, grid), shape, rowAxis)
}

/** Stretches of neighbouring floats: [first index, offset, length]. */
export function runsOf(table: Int32Array): [number, number, number][] {
  const runs: [number, number, number][] = []
  for (let i = 0; i < table.length;) {
    let n = 1
    while (i + n < table.length && table[i + n] === table[i]! + n) n++
    runs.push([i, table[i]!, n])
    i += n
  }
  return runs
}
