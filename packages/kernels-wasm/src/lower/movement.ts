import { numberAttribute, sizeOf, sliceRanges, stringAttribute, toNumbers, type Node, type Tensor } from '@tacojs/graph'
import { broadcastView, reshapeView, selectView, transposeView, type View } from '../layout/view.js'
import { Op } from '../opcodes.js'
import type { Planner } from '../plan/planner.js'
import { at } from '../plan/words.js'
import type { Context } from './context.js'
import { onSameGrid, wholeAxis } from './place.js'

const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis)
const range = (n: number, start = 0, step = 1): number[] => Array.from({ length: n }, (_, i) => start + i * step)

/** The same elements in another shape: a view where the layout allows it. */
const emitReshape = (p: Planner, x: View, shape: readonly number[]): View =>
  reshapeView(x, shape) ?? reshapeView(p.contiguous(x), shape) ?? p.plain(shape)

/** Reshape, Flatten, Squeeze, Unsqueeze, Identity: the output's shape says it all. */
export function lowerReshape({ p }: Context, node: Node): void {
  p.set(node.outputs[0]!, emitReshape(p, p.view(node.inputs[0]!), p.shapeOf(node.outputs[0]!)))
}

export function lowerTranspose({ p }: Context, node: Node): void {
  const x = p.view(node.inputs[0]!)
  const reversed = range(x.shape.length).reverse()
  const perm = (node.attributes.perm as readonly number[] | undefined) ?? reversed
  p.set(node.outputs[0]!, transposeView(x, perm))
}

const numbers = (t: Tensor | undefined): number[] | undefined => t && toNumbers(t)

export function lowerSlice({ p }: Context, node: Node): boolean {
  const [, starts, ends, axes, steps] = node.inputs.map((name) => numbers(p.constantTensor(name || undefined)))
  const given = node.inputs.slice(1).filter((name) => name !== '')
  if (!starts || !ends || given.some((name) => !p.isConstant(name))) return false
  let view = p.view(node.inputs[0]!)
  sliceRanges(node, view.shape, starts, ends, axes, steps).forEach(({ start, step, length }, axis) => {
    view = selectView(view, axis, range(length as number, start, step))
  })
  p.set(node.outputs[0]!, view)
  return true
}

export function lowerSplit({ p }: Context, node: Node): void {
  const view = p.view(node.inputs[0]!)
  const axis = axisOf(numberAttribute(node, 'axis', 0), view.shape.length)
  let start = 0
  for (const name of node.outputs) {
    if (name === '') continue
    const length = p.shapeOf(name)[axis]!
    p.set(name, selectView(view, axis, range(length, start)))
    start += length
  }
}

export function lowerGather({ p }: Context, node: Node): boolean {
  const indices = p.constantTensor(node.inputs[1])
  if (!indices) return false
  const view = p.view(node.inputs[0]!)
  const axis = axisOf(numberAttribute(node, 'axis', 0), view.shape.length)
  const chosen = toNumbers(indices).map((i) => (i < 0 ? i + view.shape[axis]! : i))
  p.set(node.outputs[0]!, emitReshape(p, selectView(view, axis, chosen), p.shapeOf(node.outputs[0]!)))
  return true
}

export function lowerExpand({ p }: Context, node: Node): void {
  const x = p.view(node.inputs[0]!)
  const shape = p.shapeOf(node.outputs[0]!)
  const full = [...new Array<number>(Math.max(0, shape.length - x.shape.length)).fill(1), ...x.shape]
  p.set(node.outputs[0]!, broadcastView(reshapeView(x, full)!, shape))
}

export function lowerTile({ p }: Context, node: Node): void {
  let view = p.view(node.inputs[0]!)
  p.shapeOf(node.outputs[0]!).forEach((size, axis) => {
    const old = view.shape[axis]!
    if (size !== old)
      view = selectView(
        view,
        axis,
        range(size).map((i) => i % old),
      )
  })
  p.set(node.outputs[0]!, view)
}

/** A new tensor that lies as `like` does, another size along one axis. */
function freshLike(p: Planner, like: View, shape: readonly number[]): View {
  const axis = wholeAxis(like)
  if (axis === undefined) return p.fresh(shape)
  const others = like.shape.every((s, d) => d === axis || s === shape[d])
  return (others && onSameGrid(p, like, axis, shape[axis]!)) || p.natural(shape, axis)
}

export function lowerConcat({ p }: Context, node: Node): void {
  const shape = p.shapeOf(node.outputs[0]!)
  const axis = axisOf(numberAttribute(node, 'axis'), shape.length)
  const parts = node.inputs.map((name) => p.view(name)).filter((v) => sizeOf(v.shape) > 0)
  const first = parts.find((v) => !v.storage.persistent && v.storage.rows > 1) ?? parts[0]
  const target = first ? freshLike(p, first, shape) : p.plain(shape)
  let start = 0
  for (const part of parts) {
    p.copy(part, selectView(target, axis, range(part.shape[axis]!, start)))
    start += part.shape[axis]!
  }
  p.zeroMargins(target.storage)
  p.set(node.outputs[0]!, target)
  p.note(node, 'copy')
}

/** Index of the source of each position of a padded axis; -1 for a constant. */
function padded(size: number, before: number, length: number, mode: string): number[] {
  return range(length).map((i) => {
    const j = i - before
    if (j >= 0 && j < size) return j
    if (mode === 'edge') return Math.min(Math.max(j, 0), size - 1)
    if (mode === 'wrap') return ((j % size) + size) % size
    if (mode !== 'reflect') return -1
    if (size === 1) return 0
    const period = 2 * (size - 1)
    const k = ((j % period) + period) % period
    return k < size ? k : period - k
  })
}

export function lowerPad({ p }: Context, node: Node): boolean {
  const pads = numbers(p.constantTensor(node.inputs[1]))
  const value = node.inputs[2] ? numbers(p.constantTensor(node.inputs[2]))?.[0] : 0
  if (!pads || value === undefined) return false
  const x = p.view(node.inputs[0]!)
  const shape = p.shapeOf(node.outputs[0]!)
  const rank = shape.length
  const given = node.inputs[3] ? numbers(p.constantTensor(node.inputs[3])) : undefined
  if (node.inputs[3] && !given) return false
  const axes = given?.map((a) => axisOf(a, rank)) ?? range(rank)
  const before = new Array<number>(rank).fill(0)
  axes.forEach((axis, i) => (before[axis] = pads[i]!))
  const mode = stringAttribute(node, 'mode', 'constant')
  const sources = shape.map((length, d) => padded(x.shape[d]!, before[d]!, length, mode))
  if (mode !== 'constant') {
    p.set(
      node.outputs[0]!,
      sources.reduce((view, indices, d) => selectView(view, d, indices), x),
    )
    return true
  }
  const target = p.fresh(shape)
  fill(p, target, value)
  let [from, to] = [x, target]
  sources.forEach((indices, d) => {
    const kept = range(shape[d]!).filter((i) => indices[i]! >= 0)
    to = selectView(to, d, kept)
    from = selectView(
      from,
      d,
      kept.map((i) => indices[i]!),
    )
  })
  p.copy(from, to)
  p.zeroMargins(target.storage)
  p.set(node.outputs[0]!, target)
  p.note(node, 'copy')
  return true
}

/** Every element of a tensor the same. */
function fill(p: Planner, target: View, value: number): void {
  if (value === 0) {
    p.command([], [target.storage], Op.Fill, p.parts, at(target.storage), target.storage.floats * 4)
    return
  }
  const one = p.constant({ dtype: 'float32', shape: [1], data: Float32Array.of(value) })
  p.copy(broadcastView(one, target.shape), target)
}

/** [b, c, h, w] cut into blocks and reordered: only views. */
export function lowerDepthToSpace({ p }: Context, node: Node): void {
  const x = p.view(node.inputs[0]!)
  const [b, c, h, w] = x.shape as [number, number, number, number]
  const s = numberAttribute(node, 'blocksize')
  const crd = stringAttribute(node, 'mode', 'DCR') === 'CRD'
  const cut = emitReshape(p, x, crd ? [b, c / (s * s), s, s, h, w] : [b, s, s, c / (s * s), h, w])
  const turned = transposeView(cut, crd ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2])
  p.set(node.outputs[0]!, emitReshape(p, turned, p.shapeOf(node.outputs[0]!)))
}

export function lowerSpaceToDepth({ p }: Context, node: Node): void {
  const x = p.view(node.inputs[0]!)
  const [b, c, h, w] = x.shape as [number, number, number, number]
  const s = numberAttribute(node, 'blocksize')
  const turned = transposeView(emitReshape(p, x, [b, c, h / s, s, w / s, s]), [0, 3, 5, 1, 2, 4])
  p.set(node.outputs[0]!, emitReshape(p, turned, p.shapeOf(node.outputs[0]!)))
}
