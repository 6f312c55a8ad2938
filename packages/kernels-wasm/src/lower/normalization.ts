import { numberAttribute, sizeOf, type Node } from '@tacojs/graph'
import { isEven, reshapeView, type View } from '../layout/view.js'
import { Binary, Op, Reduction, Unary } from '../opcodes.js'
import type { Planner } from '../plan/planner.js'
import { at, chunk, f32 } from '../plan/words.js'
import { emitBinary } from './binary.js'
import type { Context } from './context.js'
import { sameTiles } from './matrix.js'
import { onSameGrid, pairOnGrid } from './place.js'
import { emitReduce } from './reduce.js'
import { emitUnary } from './unary.js'

const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis)

/** Normalises down the rows of each position; gamma and beta are contiguous, of that many rows. */
function emitLayerNorm(p: Planner, x: View, gamma: View, beta: View, epsilon: number): View {
  const axis = x.shape.length - 1
  const rows = x.shape[axis]!
  let { source, target } = pairOnGrid(p, x, axis, rows)
  if (!isEven(source.tables[axis]!, source.storage.grid.width)) {
    source = p.natural(x.shape, axis)
    p.copy(x, source)
    target = onSameGrid(p, source, axis, rows)!
  }
  const { grid } = source.storage
  const tiles = sameTiles(grid.tiles, source.storage, target.storage)
  const start = source.base - grid.lead + source.tables[axis]![0]!
  p.command(
    [source.storage, gamma.storage, beta.storage],
    [target.storage],
    Op.LayerNorm,
    p.parts,
    chunk(tiles.flatMap((t) => [(t.from + start) * 4, t.to * 4, t.vectors])),
    tiles.length,
    at(source.storage),
    at(target.storage),
    grid.width * 4,
    grid.width * 4,
    rows,
    f32(epsilon),
    at(gamma.storage, gamma.base),
    at(beta.storage, beta.base),
  )
  p.zeroMargins(target.storage)
  return target
}

const filled = (p: Planner, n: number, value: number): View =>
  p.constant({ dtype: 'float32', shape: [n], data: new Float32Array(n).fill(value) })

export function lowerLayerNormalization(c: Context, node: Node): void {
  const { p } = c
  const x = p.view(node.inputs[0]!)
  const axis = axisOf(numberAttribute(node, 'axis', -1), x.shape.length)
  const n = sizeOf(x.shape.slice(axis))
  const joined = reshapeView(x, [...x.shape.slice(0, axis), n])!
  const vector = (name: string | undefined, otherwise: number): View =>
    name ? p.contiguous(reshapeView(p.contiguous(p.view(name)), [n])!) : filled(p, n, otherwise)
  const gamma = vector(node.inputs[1], 1)
  const beta = vector(node.inputs[2], 0)
  const y = emitLayerNorm(p, joined, gamma, beta, numberAttribute(node, 'epsilon', 1e-5))
  p.set(node.outputs[0]!, reshapeView(y, x.shape) ?? reshapeView(p.contiguous(y), x.shape)!)
  p.note(node, 'layer normalization')
}

/** Per image and channel over all pixels: a LayerNormalization of [images · channels, pixels], then scale and shift. */
export function lowerInstanceNormalization(c: Context, node: Node): void {
  const { p } = c
  const x = p.view(node.inputs[0]!)
  const [b, channels, ...space] = x.shape as [number, number, ...number[]]
  const n = sizeOf(space)
  const planes = reshapeView(x, [b * channels, n])!
  const y = emitLayerNorm(p, planes, filled(p, n, 1), filled(p, n, 0), numberAttribute(node, 'epsilon', 1e-5))
  const shape = [channels, ...space.map(() => 1)]
  const perChannel = (name: string): View => reshapeView(p.contiguous(p.view(name)), shape)!
  const back = reshapeView(y, x.shape) ?? reshapeView(p.contiguous(y), x.shape)!
  const scaled = emitBinary(p, Binary.Mul, back, perChannel(node.inputs[1]!), x.shape)
  p.set(node.outputs[0]!, emitBinary(p, Binary.Add, scaled, perChannel(node.inputs[2]!), x.shape))
  p.note(node, 'layer normalization')
}

/** A factor and a term per channel. */
export function lowerBatchNormalization(c: Context, node: Node): void {
  const { p } = c
  const x = p.view(node.inputs[0]!)
  const parameters = node.inputs.slice(1).map((name) => p.initializer(name)?.tensor.data as Float32Array | undefined)
  if (parameters.some((v) => v === undefined) || node.inputs.some((name) => p.options.mutable.has(name))) {
    return p.unsupported(node, 'its parameters are computed or mutable')
  }
  const [gamma, beta, mean, variance] = parameters as [Float32Array, Float32Array, Float32Array, Float32Array]
  const epsilon = numberAttribute(node, 'epsilon', 1e-5)
  const factors = gamma.map((g, i) => g / Math.sqrt(variance[i]! + epsilon))
  const terms = beta.map((v, i) => v - mean[i]! * factors[i]!)
  const shape = [gamma.length, ...x.shape.slice(2).map(() => 1)]
  const constant = (data: Float32Array): View => p.constant({ dtype: 'float32', shape, data })
  const scaled = emitBinary(p, Binary.Mul, x, constant(factors), x.shape)
  p.set(node.outputs[0]!, emitBinary(p, Binary.Add, scaled, constant(terms), x.shape))
  p.note(node, 'elementwise')
}

export function lowerSoftmax(c: Context, node: Node): void {
  const { p } = c
  const x = p.view(node.inputs[0]!)
  const axis = axisOf(numberAttribute(node, 'axis', -1), x.shape.length)
  // worked on in place: always a copy
  const y = p.natural(x.shape, axis)
  p.copy(x, y)
  const { storage } = y
  const scratch = p.scratch(40 * p.parts)
  const tiles = sameTiles(storage.grid.tiles, storage, storage)
  p.command(
    [storage],
    [storage, scratch],
    Op.Softmax,
    p.parts,
    chunk(tiles.flatMap((t) => [t.from * 4, t.to * 4, t.vectors])),
    tiles.length,
    at(storage),
    at(scratch),
    storage.grid.width * 4,
    storage.grid.width * 4,
    storage.rows,
  )
  p.zeroMargins(storage)
  p.set(node.outputs[0]!, y)
  p.note(node, 'softmax')
}

/** x − max − ln Σ e^(x − max). */
export function lowerLogSoftmax(c: Context, node: Node): void {
  const { p } = c
  const x = p.view(node.inputs[0]!)
  const axes = [axisOf(numberAttribute(node, 'axis', -1), x.shape.length)]
  const y = emitBinary(p, Binary.Sub, x, emitReduce(p, x, axes, Reduction.Max, 1), x.shape)
  const sum = emitReduce(p, emitUnary(p, y, Unary.Exp, 0, 0), axes, Reduction.Sum, 1)
  p.set(node.outputs[0]!, emitBinary(p, Binary.Sub, y, emitUnary(p, sum, Unary.Log, 0, 0), x.shape))
  p.note(node, 'softmax')
}
