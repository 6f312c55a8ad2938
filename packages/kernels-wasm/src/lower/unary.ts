import type { Node } from '@tacojs/graph'
import { isContiguous, type View } from '../layout/view.js'
import type { Unary } from '../opcodes.js'
import { Op } from '../opcodes.js'
import type { Planner } from '../plan/planner.js'
import { at, f32 } from '../plan/words.js'
import type { Context } from './context.js'
import { unaryOf } from './epilogue.js'
import { onSameGrid, wholeAxis } from './place.js'

/** f of every element, in one pass over the storage. */
export function emitUnary(p: Planner, x: View, kind: Unary, a: number, b: number): View {
  const axis = wholeAxis(x)
  const spread = axis === undefined ? undefined : onSameGrid(p, x, axis, x.shape[axis]!)
  const source = spread || (isContiguous(x) && x.base % 4 === 0) ? x : p.contiguous(x)
  const target = spread ?? p.plain(x.shape)
  const start = spread ? 0 : source.base
  const count = Math.floor((target.storage.floats - 16) / 4)
  p.command(
    [source.storage],
    [target.storage],
    Op.Unary,
    p.parts,
    at(source.storage, start),
    at(target.storage),
    count,
    kind,
    f32(a),
    f32(b),
  )
  p.zeroMargins(target.storage)
  return target
}

export function lowerUnary(c: Context, node: Node): void {
  const { kind, a, b } = unaryOf(node, c.p)!
  c.p.set(node.outputs[0]!, emitUnary(c.p, c.p.view(node.inputs[0]!), kind, a, b))
  c.p.note(node, 'elementwise')
}
