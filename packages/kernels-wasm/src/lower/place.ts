import { isOnGrid, isWhole, merge, naturalView, split, without, type View } from '../layout/view.js'
import { flatGrid, tokenGrid, type Grid } from '../layout/grid.js'
import type { Planner } from '../plan/planner.js'

/** The view with its features along `rowAxis` over all positions of its grid, copied where it lies otherwise. */
function onGrid(p: Planner, view: View, rowAxis: number): View {
  if (isOnGrid(view, rowAxis)) return view
  const to = p.natural(view.shape, rowAxis)
  p.copy(view, to)
  p.zeroMargins(to.storage)
  return to
}

/** The axis along which a view's features lie when it is a whole storage, or undefined. */
export function wholeAxis(view: View): number | undefined {
  const { shape } = view
  // the usual places first
  const axes = [shape.length - 1, 1, ...shape.keys()].filter(
    (a, i, all) => a >= 0 && a < shape.length && all.indexOf(a) === i,
  )
  return axes.find((a) => isWhole(view, a))
}

/**
 * A new tensor on the same grid as `like`, with another number of rows in place of its `rowAxis`; undefined where the
 * positions' dimensions cannot be told apart on it.
 */
export function onSameGrid(p: Planner, like: View, rowAxis: number, rows: number): View | undefined {
  const { grid } = like.storage
  const storage = p.storage(rows, grid)
  const shape = like.shape.map((s, d) => (d === rowAxis ? rows : s))
  const sizes = without(shape, rowAxis)
  if (sizes.length === grid.sizes.length && sizes.every((s, i) => s === grid.sizes[i]))
    return naturalView(storage, shape, rowAxis)
  const parts = split(merge(grid.tables(rows)), sizes)
  if (!parts) return undefined
  const natural = naturalView(storage, [...grid.sizes, rows], grid.sizes.length)
  const tables = [...parts]
  tables.splice(rowAxis, 0, natural.tables[grid.sizes.length]!)
  return { storage, base: grid.lead, shape, tables }
}

/** A view and a new tensor of `rows` features on one grid; the view is copied where its own grid does not do. */
export function pairOnGrid(p: Planner, view: View, rowAxis: number, rows: number): { source: View; target: View } {
  const source = onGrid(p, view, rowAxis)
  const target = onSameGrid(p, source, rowAxis, rows)
  if (target) return { source, target }
  const copied = p.natural(view.shape, rowAxis)
  p.copy(view, copied)
  p.zeroMargins(copied.storage)
  return {
    source: copied,
    target: naturalView(
      p.storage(rows, copied.storage.grid),
      view.shape.map((s, d) => (d === rowAxis ? rows : s)),
      rowAxis,
    ),
  }
}

/** Grids are compared by their layout. */
export const sameGrid = (a: Grid, b: Grid): boolean => a === b || a.key === b.key

/**
 * A new image [images, channels, height, width]. One of a single pixel is an image all the same: whole vectors are stored
 * at its rows' beginnings, which the grid of tokens has no room for.
 */
export function imageTarget(p: Planner, shape: readonly [number, number, number, number]): View {
  const [b, rows, h, w] = shape
  if (h * w > 1) return p.natural(shape, 1)
  return naturalView(p.storage(rows, flatGrid(b, 1, 1, 1, 0)), shape, 1)
}

/** A new tensor with features along `rowAxis` whose last position dimension makes panels by itself. */
export function apartOnGrid(p: Planner, shape: readonly number[], rowAxis: number): View {
  const grid = tokenGrid(without(shape, rowAxis), true)
  return naturalView(p.storage(shape[rowAxis]!, grid), shape, rowAxis)
}
