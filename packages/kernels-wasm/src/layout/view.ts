import { sizeOf } from '@tacojs/graph'
import type { Grid } from './grid.js'

/** A piece of the workspace: rows of features over a grid of positions. */
export interface Storage {
  readonly id: number
  readonly rows: number
  readonly grid: Grid
  /** Floats, with room for a tile that overhangs. */
  readonly floats: number
  /** Fixed for the life of the program: weights, inputs that are written from outside. */
  readonly persistent: boolean
}

/**
 * A tensor in a storage: the element at [i, j, …] is the float at base + tables[0][i] + tables[1][j] + …
 * So transposing, slicing, repeating, joining neighbouring dimensions and (mostly) cutting them needs no copy.
 */
export interface View {
  readonly storage: Storage
  readonly base: number
  readonly shape: readonly number[]
  readonly tables: readonly Int32Array[]
}

/** The view of a whole storage: rows along `rowAxis`, the other dimensions along the grid. */
export function naturalView(storage: Storage, shape: readonly number[], rowAxis: number): View {
  const positions = storage.grid.tables(storage.rows)
  const rows = Int32Array.from({ length: storage.rows }, (_, r) => r * storage.grid.width)
  let next = 0
  const tables = shape.map((_, d) => (d === rowAxis ? rows : positions[next++]!))
  return { storage, base: storage.grid.lead, shape, tables }
}

/** A tensor of one row, as the rest of the world stores it. */
export function plainView(storage: Storage, shape: readonly number[]): View {
  let step = 1
  const tables = [...shape]
    .reverse()
    .map((size) => {
      const at = step
      step *= size
      return Int32Array.from({ length: size }, (_, i) => i * at)
    })
    .reverse()
  return { storage, base: 0, shape, tables }
}

const zero = Int32Array.of(0)

/** Offsets of the joined dimensions, the last fastest. */
export function merge(tables: readonly Int32Array[]): Int32Array {
  if (tables.length === 0) return zero
  return tables.reduce((a, b) => {
    if (a.length === 1 && a[0] === 0) return b
    const out = new Int32Array(a.length * b.length)
    for (let i = 0, k = 0; i < a.length; i++) for (let j = 0; j < b.length; j++) out[k++] = a[i]! + b[j]!
    return out
  })
}

/** The dimension cut in two where its offsets allow it. */
function cut(table: Int32Array, first: number, second: number): [Int32Array, Int32Array] | undefined {
  const a = new Int32Array(first)
  const b = table.slice(0, second)
  for (let i = 0; i < first; i++) a[i] = table[i * second]! - table[0]!
  for (let i = 0, k = 0; i < first; i++)
    for (let j = 0; j < second; j++) if (table[k++] !== a[i]! + b[j]!) return undefined
  return [a, b]
}

/** One table cut into several dimensions, or undefined. */
export function split(table: Int32Array, sizes: readonly number[]): Int32Array[] | undefined {
  const out: Int32Array[] = []
  let rest = table
  for (let i = 0; i < sizes.length - 1; i++) {
    const parts = cut(rest, sizes[i]!, sizeOf(sizes.slice(i + 1)))
    if (!parts) return undefined
    out.push(parts[0])
    rest = parts[1]
  }
  return [...out, rest]
}

/** The same elements in another shape, or undefined where that needs a copy. */
export function reshapeView(view: View, shape: readonly number[]): View | undefined {
  if (shape.includes(0)) return undefined
  const tables: Int32Array[] = []
  let { base } = view
  let i = 0
  let o = 0
  while (i < view.shape.length || o < shape.length) {
    // the shortest run of old and new dimensions that hold the same number of elements
    let from = i
    let to = o
    let a = from < view.shape.length ? view.shape[from++]! : 1
    let b = to < shape.length ? shape[to++]! : 1
    while (a !== b) {
      if (a < b) a *= view.shape[from++] ?? NaN
      else b *= shape[to++] ?? NaN
      if (Number.isNaN(a) || Number.isNaN(b)) return undefined
    }
    if (to - o === 1 && from - i === 1) tables.push(view.tables[i]!)
    else if (to === o) {
      // a dimension of size 1 is dropped
      base += view.tables[i]![0]!
    } else {
      const parts = split(merge(view.tables.slice(i, from)), shape.slice(o, to))
      if (!parts) return undefined
      tables.push(...parts)
    }
    i = from
    o = to
  }
  return { ...view, base, shape, tables }
}

export const transposeView = (view: View, perm: readonly number[]): View => ({
  ...view,
  shape: perm.map((p) => view.shape[p]!),
  tables: perm.map((p) => view.tables[p]!),
})

/** The indices of one axis chosen, repeated or reordered. */
export function selectView(view: View, axis: number, indices: readonly number[]): View {
  const table = Int32Array.from(indices, (i) => view.tables[axis]![i]!)
  const origin = table.length > 0 ? table[0]! : 0
  for (let i = 0; i < table.length; i++) table[i]! -= origin
  return {
    ...view,
    base: view.base + origin,
    shape: view.shape.map((s, d) => (d === axis ? indices.length : s)),
    tables: view.tables.map((t, d) => (d === axis ? table : t)),
  }
}

/** NumPy's broadcasting: repeated dimensions have offsets of 0. */
export function broadcastView(view: View, shape: readonly number[]): View {
  const missing = shape.length - view.shape.length
  return {
    ...view,
    shape,
    tables: shape.map((size, d) => {
      const i = d - missing
      return i >= 0 && view.shape[i] === size
        ? view.tables[i]!
        : new Int32Array(size).fill(i >= 0 ? view.tables[i]![0]! : 0)
    }),
  }
}

export const equalTables = (a: Int32Array, b: Int32Array): boolean => {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Whether every element lies `step` floats after the one before. */
export function isEven(table: Int32Array, step: number): boolean {
  for (let i = 0; i < table.length; i++) if (table[i] !== table[0]! + i * step) return false
  return true
}

/** A name for a table: tables of one length are equal where their names are. */
export function tableKey(table: Int32Array): string {
  const step = (table[1] ?? 0) - table[0]!
  return isEven(table, step) ? `${table[0]!} + ${step}` : table.join()
}

/** Whether the view is a tensor in row-major order without gaps. */
export function isContiguous(view: View): boolean {
  let step = 1
  for (let d = view.shape.length - 1; d >= 0; d--) {
    if (!isEven(view.tables[d]!, step) || view.tables[d]![0] !== 0) return false
    step *= view.shape[d]!
  }
  return true
}

/** What remains of the shape without one axis. */
export const without = <T>(list: readonly T[], axis: number): T[] => list.filter((_, d) => d !== axis)

/**
 * The view's row axis is `axis` when its other dimensions are, in order, the positions of its storage's grid, all of
 * them, and it begins at some row of the storage. Where its rows lie is up to `tables[axis]`.
 */
export function isOnGrid(view: View, axis: number): boolean {
  const { storage } = view
  const { grid } = storage
  if (grid.tiles.length === 0) return false
  const start = view.base - grid.lead
  if (start % grid.width !== 0 || start < 0 || start >= storage.rows * grid.width) return false
  const table = view.tables[axis]!
  for (let i = 0; i < table.length; i++) if (table[i]! % grid.width !== 0) return false
  const mine = without(view.tables, axis)
  const its = grid.tables(storage.rows)
  if (mine.length === its.length && mine.every((t, i) => equalTables(t, its[i]!))) return true
  return sizeOf(mine.map((t) => t.length)) === sizeOf(grid.sizes) && equalTables(merge(mine), merge(its))
}

/** A view on the grid that takes all rows in order: the storage holds nothing else. */
export const isWhole = (view: View, axis: number): boolean =>
  isOnGrid(view, axis) &&
  view.base === view.storage.grid.lead &&
  view.shape[axis] === view.storage.rows &&
  isEven(view.tables[axis]!, view.storage.grid.width) &&
  view.tables[axis]![0] === 0
