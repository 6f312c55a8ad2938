import { sizeOf } from '@tacojs/graph'
import { pieces } from '../layout/grid.js'
import { runsOf } from '../layout/runs.js'
import { broadcastView, isEven, merge, type View } from '../layout/view.js'
import { Op } from '../opcodes.js'
import type { Planner } from '../plan/planner.js'
import { at, chunk } from '../plan/words.js'
import { apartOnGrid } from './place.js'

/** Whether B lies in panels, its rows evenly one after the other, and in each the columns of every stretch side by side. */
function columnsTogether(b: View, stretches: readonly [number, number][]): boolean {
  const [rows, columns] = b.tables.slice(-2) as [Int32Array, Int32Array]
  const step = rows.length > 1 ? rows[1]! - rows[0]! : 1
  return (
    b.storage.grid.tiles.length > 0 &&
    step > 0 &&
    isEven(rows, step) &&
    stretches.every(([n, vectors]) => isEven(columns.subarray(n, n + vectors * 4), 1))
  )
}

function copied(p: Planner, b: View): View {
  const to = apartOnGrid(p, b.shape, b.shape.length - 2)
  p.copy(b, to)
  return to
}

/** A [..., M, K] · B [..., K, N] of two activations: a broadcast of A's elements times vectors along N. */
export function emitProduct(p: Planner, a: View, b: View, shape: readonly number[]): View {
  const rank = shape.length
  const [M, N] = [shape[rank - 2]!, shape[rank - 1]!]
  const K = b.shape[b.shape.length - 2]!
  const batch = shape.slice(0, -2)
  const target = apartOnGrid(p, shape, rank - 2)
  if (sizeOf(shape) === 0) return target
  const along = target.tables[rank - 1]!
  // stretches of columns of Y that neighbour each other: [first column, vectors]
  const stretches = runsOf(along).flatMap(([n, , length]) =>
    pieces(Math.ceil(length / 4)).map(([at, vectors]): [number, number] => [n + at * 4, vectors]),
  )
  const right = columnsTogether(b, stretches) ? b : copied(p, b)
  const rightAxis = b.shape.length - 2
  const rightRows = right.tables[rightAxis]!
  const rightStep = K > 1 ? rightRows[1]! - rightRows[0]! : right.storage.grid.width
  const axis = a.shape.length - 1
  const evenColumns = a.tables[axis]!.length > 1 ? a.tables[axis]![1]! - a.tables[axis]![0]! : 1
  const evenRows = M > 1 ? a.tables[axis - 1]![1]! - a.tables[axis - 1]![0]! : 1
  const fits = isEven(a.tables[axis]!, evenColumns) && isEven(a.tables[axis - 1]!, evenRows) && evenColumns > 0
  const left = fits ? a : p.contiguous(a)
  const [rowStep, columnStep] = fits ? [evenRows, evenColumns] : [K, 1]
  const offsets = (view: View, inner: readonly number[]): Int32Array =>
    merge(broadcastView(view, [...batch, ...inner]).tables.slice(0, batch.length))
  const [lefts, rights, outs] = [offsets(left, [M, K]), offsets(right, [K, N]), offsets(target, [M, N])]
  const rightAlong = right.tables[rightAxis + 1]!
  const units: number[] = []
  for (let i = 0; i < outs.length; i++) {
    for (const [n, vectors] of stretches) {
      units.push(lefts[i]! * 4, (rights[i]! + rightAlong[n]!) * 4, (outs[i]! + along[n]!) * 4, vectors)
    }
  }
  p.command(
    [left.storage, right.storage],
    [target.storage],
    Op.Product,
    p.parts,
    chunk(units),
    units.length / 4,
    at(left.storage, left.base + left.tables[axis]![0]! + left.tables[axis - 1]![0]!),
    at(right.storage, right.base + rightRows[0]!),
    at(target.storage, target.base),
    M,
    rowStep * 4,
    columnStep * 4,
    chunk([0, K]),
    rightStep * 4,
    target.storage.grid.width * 4,
    0,
  )
  return target
}
