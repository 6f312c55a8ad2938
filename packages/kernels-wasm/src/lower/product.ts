import { sizeOf } from '@tacojs/graph'
import { pieces } from '../layout/grid.js'
import { runsOf } from '../layout/runs.js'
import { broadcastView, isEven, merge, type View } from '../layout/view.js'
import { Op } from '../opcodes.js'
import type { Planner } from '../plan/planner.js'
import { at, chunk } from '../plan/words.js'
import { apartOnGrid } from './place.js'

/** A [..., M, K] · B [..., K, N] of two activations: a broadcast of A's elements times vectors along N. */
export function emitProduct(p: Planner, a: View, b: View, shape: readonly number[]): View {
  const rank = shape.length
  const [M, N] = [shape[rank - 2]!, shape[rank - 1]!]
  const K = b.shape[b.shape.length - 2]!
  const batch = shape.slice(0, -2)
  const target = apartOnGrid(p, shape, rank - 2)
  if (sizeOf(shape) === 0) return target
  const right = (() => {
    const view = p.natural(b.shape, b.shape.length - 2, apartOnGrid(p, b.shape, b.shape.length - 2).storage.grid)
    p.copy(b, view)
    return view
  })()
  const axis = a.shape.length - 1
  const evenColumns = a.tables[axis]!.length > 1 ? a.tables[axis]![1]! - a.tables[axis]![0]! : 1
  const evenRows = M > 1 ? a.tables[axis - 1]![1]! - a.tables[axis - 1]![0]! : 1
  const fits = isEven(a.tables[axis]!, evenColumns) && isEven(a.tables[axis - 1]!, evenRows) && evenColumns > 0
  const left = fits ? a : p.contiguous(a)
  const [rowStep, columnStep] = fits ? [evenRows, evenColumns] : [K, 1]
  const offsets = (view: View, inner: readonly number[]): Int32Array =>
    merge(broadcastView(view, [...batch, ...inner]).tables.slice(0, batch.length))
  const [lefts, rights, outs] = [offsets(left, [M, K]), offsets(right, [K, N]), offsets(target, [M, N])]
  const along = target.tables[rank - 1]!
  // B lies on the same grid as Y
  const rightAlong = right.tables[right.shape.length - 1]!
  const units: number[] = []
  for (let i = 0; i < outs.length; i++) {
    for (const [n, offset, length] of runsOf(along)) {
      for (const [first, vectors] of pieces(Math.ceil(length / 4))) {
        units.push(
          lefts[i]! * 4,
          (rights[i]! + rightAlong[n]! + first * 4) * 4,
          (outs[i]! + offset + first * 4) * 4,
          vectors,
        )
      }
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
    at(right.storage, right.base),
    at(target.storage, target.base),
    M,
    rowStep * 4,
    columnStep * 4,
    chunk([0, K]),
    right.storage.grid.width * 4,
    target.storage.grid.width * 4,
    0,
  )
  return target
}
