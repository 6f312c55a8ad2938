import { normalizeAxis } from '../dims.js'
import type { Node } from '../graph.js'
import { numberAttribute, stringAttribute } from '../ops/attributes.js'
import { inside } from '../ops/index-map.js'
import { sliceRanges } from '../ops/slicing.js'
import { int64, toNumbers } from '../tensor.js'
import type { GradientContext, Piece, Rules, Vjp } from './context.js'

const axisOf = (node: Node, rank: number, fallback: number): number =>
  normalizeAxis(numberAttribute(node, 'axis', fallback), rank, `node '${node.name}'`)

const consecutive = (index: readonly number[]): boolean => index.every((v, i) => v === index[0]! + i)

/**
 * The gradient of x where y = x picked along one axis: y's element i is x's element index[i], or no element of x where
 * that is -1. What was picked consecutively is a piece; else each element of x takes the gradients of its copies.
 */
function unpick(
  c: GradientContext,
  dy: string,
  rank: number,
  axis: number,
  index: readonly number[],
  size: number,
): string | Piece {
  if (index.length > 0 && index[0]! >= 0 && consecutive(index))
    return { value: dy, axis, begin: index[0]!, length: index.length }
  // for each element of x where it went; one beyond the end is zero
  const places: number[][] = Array.from({ length: size }, () => [])
  index.forEach((from, to) => {
    if (from >= 0) places[from]!.push(to)
  })
  const copies = Math.max(1, ...places.map((p) => p.length))
  const ends = Array.from({ length: 2 * rank }, (_, i) => (i === rank + axis ? 1 : 0))
  const all = places.every((p) => p.length === copies)
  const source = all ? dy : c.add('Pad', [dy, c.longs(ends)])
  const takes = Array.from({ length: copies }, (_, i) => {
    const at = places.map((p) => p[i] ?? index.length)
    return c.add('Gather', [source, c.value(int64([size], at))], { axis })
  })
  return takes.reduce((a, b) => c.add('Add', [a, b]))
}

/** A piece with the zeros around it. */
function whole(c: GradientContext, part: string | Piece, rank: number, size: number): string {
  if (typeof part === 'string') return part
  const pads = new Array<number>(2 * rank).fill(0)
  pads[part.axis] = part.begin
  pads[rank + part.axis] = size - part.begin - part.length
  return pads.every((p) => p === 0) ? part.value : c.add('Pad', [part.value, c.longs(pads)])
}

const range = (length: number, start = 0, step = 1): number[] => Array.from({ length }, (_, i) => start + i * step)

const slice: Vjp = (node, c, [dy]) => {
  const shape = c.shape(node.inputs[0]!)
  const lists = node.inputs.slice(1).map((name) => {
    const list = c.constant(name)
    return name && !list ? c.refuse('its bounds are not constant') : list && toNumbers(list)
  })
  const ranges = sliceRanges(node, shape, lists[0]!, lists[1]!, lists[2], lists[3])
  let value: string | Piece = dy!
  let before = 0
  ranges.forEach(({ start, step, length }, axis) => {
    const size = shape[axis]!
    if (start === 0 && step === 1 && length === size) return
    if (typeof size === 'string' || typeof length === 'string') return c.refuse(`it cuts the dimension '${size}'`)
    value = unpick(c, whole(c, value, shape.length, before), shape.length, axis, range(length, start, step), size)
    before = size
  })
  return [value]
}

const split: Vjp = (node, c, outputGradients) => {
  const shape = c.shape(node.inputs[0]!)
  const axis = axisOf(node, shape.length, 0)
  const sizes = node.outputs.map((name) => c.shape(name)[axis]!)
  if ([...sizes, shape[axis]].some((size) => typeof size === 'string'))
    return c.refuse(`it cuts the dimension '${shape[axis]}'`)
  let begin = 0
  const parts = sizes.map((length, i) => {
    const piece = { value: outputGradients[i], axis, begin, length: length as number }
    begin += length as number
    return piece
  })
  return [parts.flatMap((part) => (part.value ? [{ ...part, value: part.value }] : []))]
}

const concat: Vjp = (node, c, [dy]) => {
  const rank = c.shape(node.outputs[0]!).length
  const axis = axisOf(node, rank, 0)
  let begin = 0
  return node.inputs.map((name, i) => {
    const size = c.shape(name)[axis]!
    if (typeof size === 'string') return c.refuse(`it joins along the dimension '${size}'`)
    const start = begin
    begin += size
    if (!c.needs(i)) return undefined
    return c.add('Slice', [dy!, c.longs([start]), c.longs([begin]), c.longs([axis])])
  })
}

const gather: Vjp = (node, c, [dy]) => {
  const [x, indices] = node.inputs as [string, string]
  const shape = c.shape(x)
  const axis = axisOf(node, shape.length, 0)
  const size = shape[axis]!
  const index = c.constant(indices)
  if (!index) return c.refuse('its indices are not constant')
  if (typeof size === 'string') return c.refuse(`it picks along the dimension '${size}'`)
  const picked = toNumbers(index).map((i) => inside(node, i, size))
  // the indices' own dimensions become the picked axis
  let value = dy!
  if (index.shape.length === 0) value = c.add('Unsqueeze', [value, c.longs([axis])])
  if (index.shape.length > 1) {
    const flat = [...shape.slice(0, axis), picked.length, ...shape.slice(axis + 1)]
    const symbols = flat.filter((dim) => typeof dim === 'string')
    if (symbols.length > 1) return c.refuse('its result has several sizes that are not known')
    value = c.add('Reshape', [value, c.longs(flat.map((dim) => (typeof dim === 'string' ? -1 : dim)))])
  }
  return [unpick(c, value, shape.length, axis, picked, size)]
}

/** Which element of the input each element along a padded axis is; -1 for none. */
function padded(size: number, before: number, after: number, mode: string): number[] {
  return range(before + size + after, -before).map((i) => {
    if (i >= 0 && i < size) return i
    if (mode === 'edge') return Math.min(Math.max(i, 0), size - 1)
    if (mode !== 'reflect') return -1
    const period = Math.max(1, 2 * (size - 1))
    const at = ((i % period) + period) % period
    return at < size ? at : period - at
  })
}

const pad: Vjp = (node, c, [dy]) => {
  const shape = c.shape(node.inputs[0]!)
  const rank = shape.length
  const [pads, axes] = [c.constant(node.inputs[1]), c.constant(node.inputs[3])]
  if (!pads || (node.inputs[3] && !axes)) return c.refuse('its amounts are not constant')
  const amounts = toNumbers(pads)
  const listed = (axes ? toNumbers(axes) : range(rank)).map((a) => normalizeAxis(a, rank, `node '${node.name}'`))
  const mode = stringAttribute(node, 'mode', 'constant')
  let value = dy!
  listed.forEach((axis, i) => {
    const [before, after, size] = [amounts[i]!, amounts[i + listed.length]!, shape[axis]!]
    if (before === 0 && after === 0) return
    if (typeof size === 'string') return c.refuse(`it pads the dimension '${size}'`)
    if (mode === 'constant' && before >= 0 && after >= 0) {
      value = c.add('Slice', [value, c.longs([before]), c.longs([before + size]), c.longs([axis])])
      return
    }
    value = whole(c, unpick(c, value, rank, axis, padded(size, before, after, mode), size), rank, size)
  })
  return [value]
}

export const slicing: Rules = { Slice: slice, Split: split, Concat: concat, Gather: gather, Pad: pad }
