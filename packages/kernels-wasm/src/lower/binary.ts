import { sizeOf, type Node } from '@tacojs/graph'
import { broadcastView, equalTables, isContiguous, isOnGrid, isWhole, selectView, type View } from '../layout/view.js'
import { Binary, Op } from '../opcodes.js'
import type { Planner } from '../plan/planner.js'
import { at, bytes, chunk } from '../plan/words.js'
import type { Context } from './context.js'
import { onSameGrid, sameGrid, wholeAxis } from './place.js'

const kinds: Readonly<Record<string, Binary>> = {
  Add: Binary.Add,
  Sub: Binary.Sub,
  Mul: Binary.Mul,
  Div: Binary.Div,
  Max: Binary.Max,
  Min: Binary.Min,
  Sum: Binary.Add,
  LayerScale: Binary.Mul,
}

export const binaryKind = (node: Node): Binary | undefined => kinds[node.op]

/** f(x, z) with NumPy's broadcasting, in the cheapest way. */
export function emitBinary(p: Planner, kind: Binary, x: View, z: View, shape: readonly number[]): View {
  if (sizeOf(shape) === 0) return p.plain(shape)
  return (
    flat(p, kind, x, z, shape) ??
    byRow(p, kind, x, z, shape, false) ??
    byRow(p, kind, z, x, shape, true) ??
    byLine(p, kind, x, z, shape, false) ??
    byLine(p, kind, z, x, shape, true) ??
    moved(p, kind, x, z, shape) ??
    general(p, kind, x, z, shape)
  )
}

/** Both lie alike: one pass over the storages. */
function flat(p: Planner, kind: Binary, x: View, z: View, shape: readonly number[]): View | undefined {
  if (x.shape.join() !== shape.join() || z.shape.join() !== shape.join()) return undefined
  const axis = wholeAxis(x)
  if (isContiguous(x) && isContiguous(z) && x.base % 4 === 0 && z.base % 4 === 0) {
    const target = p.plain(shape)
    const count = Math.ceil(sizeOf(shape) / 4)
    const [xs, zs] = [at(x.storage, x.base), at(z.storage, z.base)]
    p.command([x.storage, z.storage], [target.storage], Op.Binary, p.parts, xs, zs, at(target.storage), count, kind)
    return target
  }
  if (!sameGrid(x.storage.grid, z.storage.grid)) return undefined
  const target =
    axis !== undefined && isWhole(z, axis) ? onSameGrid(p, x, axis, shape[axis]!) : inSamePlaces(p, x, z, shape)
  if (!target) return undefined
  const vectors = Math.floor((x.storage.floats - 16) / 4)
  p.command(
    [x.storage, z.storage],
    [target.storage],
    Op.Binary,
    p.parts,
    at(x.storage),
    at(z.storage),
    at(target.storage),
    vectors,
    kind,
  )
  p.zeroMargins(target.storage)
  return target
}

/** A new tensor that lies in its storage as both do in theirs, of which they fill most. */
function inSamePlaces(p: Planner, x: View, z: View, shape: readonly number[]): View | undefined {
  const { grid, rows, floats } = x.storage
  if (grid.tiles.length === 0 || z.storage.rows !== rows || x.base !== z.base || sizeOf(shape) * 2 < floats) {
    return undefined
  }
  if (!x.tables.every((t, d) => equalTables(t, z.tables[d]!))) return undefined
  return { ...x, storage: p.storage(rows, grid) }
}

/** One operand is the same at all positions (or at all of an image). */
function byRow(p: Planner, kind: Binary, x: View, z: View, shape: readonly number[], swap: boolean): View | undefined {
  if (x.shape.join() !== shape.join()) return undefined
  const axis = wholeAxis(x)
  if (axis === undefined) return undefined
  const full = broadcastView(z, shape)
  const { grid, rows } = x.storage
  const constant = (t: Int32Array): boolean => t.every((v) => v === t[0])
  const table = full.tables[axis]!
  const step = table.length > 1 ? table[1]! - table[0]! : 0
  if (!table.every((v, i) => v === table[0]! + i * step) || step < 0) return undefined
  let perImage: Int32Array | undefined
  let base = full.base + table[0]!
  for (let d = 0; d < shape.length; d++) {
    if (d === axis) continue
    const t = full.tables[d]!
    if (constant(t)) base += t[0]!
    else if (d === 0 && grid.outerOfPanel.every((o) => o >= 0)) perImage = t
    else return undefined
  }
  const target = onSameGrid(p, x, axis, rows)
  if (!target) return undefined
  const offsets = new Int32Array(grid.panels)
  if (perImage) for (let i = 0; i < offsets.length; i++) offsets[i] = perImage[grid.outerOfPanel[i]!]!
  const scratch = p.scratch(4 * p.parts)
  p.command(
    [x.storage, z.storage],
    [target.storage, scratch],
    Op.RowBinary,
    p.parts,
    at(x.storage, grid.lead),
    at(z.storage, base),
    at(target.storage, grid.lead),
    grid.width / 4,
    kind,
    rows,
    grid.panels,
    step * 4,
    chunk(bytes(offsets)),
    swap ? 1 : 0,
    at(scratch),
  )
  p.zeroMargins(target.storage)
  return target
}

/** One operand is the same in all rows: one line per panel. */
function byLine(p: Planner, kind: Binary, x: View, z: View, shape: readonly number[], swap: boolean): View | undefined {
  if (x.shape.join() !== shape.join()) return undefined
  const axis = wholeAxis(x)
  if (axis === undefined) return undefined
  const { grid, rows } = x.storage
  const full = broadcastView(z, shape)
  if (!full.tables[axis]!.every((v) => v === full.tables[axis]![0])) return undefined
  const [target, line] = [onSameGrid(p, x, axis, rows), onSameGrid(p, x, axis, 1)]
  if (!target || !line) return undefined
  const one = selectView(full, axis, [0])
  const inPlace = isWhole(one, axis) && sameGrid(one.storage.grid, grid)
  if (!inPlace) p.copy(one, line)
  const { storage } = inPlace ? one : line
  p.command(
    [x.storage, storage],
    [target.storage],
    Op.LineBinary,
    p.parts,
    at(x.storage, grid.lead),
    at(storage, grid.lead),
    at(target.storage, grid.lead),
    grid.width / 4,
    kind,
    rows,
    grid.panels,
    swap ? 1 : 0,
  )
  p.zeroMargins(target.storage)
  return target
}

/** Of one shape, but one lies otherwise: it is moved to where it lies as the other does. */
function moved(p: Planner, kind: Binary, x: View, z: View, shape: readonly number[]): View | undefined {
  if (x.shape.join() !== shape.join() || z.shape.join() !== shape.join()) return undefined
  const like = [x, z].find((v) => wholeAxis(v) !== undefined)
  if (!like) return undefined
  const axis = wholeAxis(like)!
  const to = onSameGrid(p, like, axis, shape[axis]!)
  if (!to) return undefined
  p.copy(like === x ? z : x, to)
  return like === x ? flat(p, kind, x, to, shape) : flat(p, kind, to, z, shape)
}

function general(p: Planner, kind: Binary, x: View, z: View, shape: readonly number[]): View {
  const like = [x, z].find((v) => v.shape.join() === shape.join())
  const axis = like && shape.map((_, d) => d).find((d) => isOnGrid(like, d))
  const alike = like && axis !== undefined ? onSameGrid(p, like, axis, shape[axis]!) : undefined
  const target = alike ?? p.fresh(shape)
  const [xs, zs] = [broadcastView(x, shape), broadcastView(z, shape)]
  const list = (view: View): readonly Int32Array[] => (shape.length > 0 ? view.tables : [Int32Array.of(0)])
  const [size = 1] = shape
  const parts = size % p.parts === 0 || size >= p.parts * 4 ? p.parts : 1
  p.command(
    [x.storage, z.storage],
    [target.storage],
    Op.TableBinary,
    parts,
    at(xs.storage, xs.base),
    at(target.storage, target.base),
    Math.max(1, shape.length),
    chunk(list(target).map((t) => t.length)),
    chunk(list(xs).map((t) => p.table(t))),
    chunk(list(target).map((t) => p.table(t))),
    0,
    kind,
    at(zs.storage, zs.base),
    chunk(list(zs).map((t) => p.table(t))),
  )
  p.zeroMargins(target.storage)
  return target
}

export function lowerBinary(c: Context, node: Node): void {
  const { p } = c
  const kind = kinds[node.op]!
  const shape = p.shapeOf(node.outputs[0]!)
  const [first, ...rest] = viewsOf(p, node.inputs)
  let y = first!
  for (const z of rest) y = emitBinary(p, kind, y, z, rest.length === 1 ? shape : broadcastOf(y.shape, z.shape))
  if (rest.length === 0) y = first!
  p.set(node.outputs[0]!, y)
  if (rest.length > 0) p.note(node, 'elementwise')
}

/** The operands; of two, a constant is laid out as the other one is, where that is a whole storage of its shape. */
function viewsOf(p: Planner, names: readonly string[]): View[] {
  const [a, b] = names
  if (names.length !== 2 || p.isConstant(a) === p.isConstant(b)) return names.map((name) => p.view(name))
  const [constant, other] = p.isConstant(a) ? [a!, p.view(b!)] : [b!, p.view(a!)]
  const alike = wholeAxis(other) === undefined ? undefined : p.constantLike(constant, other)
  const view = alike ?? p.view(constant)
  return p.isConstant(a) ? [view, other] : [other, view]
}

function broadcastOf(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const [x, y] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1]
    return x === 1 ? y : x
  })
}

/** x² and √x of a Pow with that constant exponent. */
export function lowerPow(c: Context, node: Node): boolean {
  const { p } = c
  const exponent = p.constantTensor(node.inputs[1])
  if (exponent?.data.length !== 1 || Number(exponent.data[0]) !== 2) return false
  const shape = p.shapeOf(node.outputs[0]!)
  if (p.shapeOf(node.inputs[0]!).join() !== shape.join()) return false
  const x = p.view(node.inputs[0]!)
  p.set(node.outputs[0]!, emitBinary(p, Binary.Mul, x, x, shape))
  p.note(node, 'elementwise')
  return true
}
