import { numberAttribute, sizeOf, type Node, type Tensor } from '@tacojs/graph'
import type { Matrix } from '../pack/stream.js'
import { reshapeView, tableKey, type View } from '../layout/view.js'
import type { Planner } from '../plan/planner.js'
import { emitBinary } from './binary.js'
import { Binary } from '../opcodes.js'
import { finish, type Context } from './context.js'
import { findEpilogue, noEpilogue } from './epilogue.js'
import { columnsInCache, emitMatrix, sameTiles } from './matrix.js'
import { pairOnGrid } from './place.js'
import { emitProduct } from './product.js'

/** X [..., in] · W, with W [out, in] (`transposed`) or [in, out]. */
function emitLinear(
  c: Context,
  node: Node,
  weightName: string,
  transposed: boolean,
  alpha: number,
  biasName: string | undefined,
): void {
  const { p, uses, ready } = c
  const [a, b] = p.shapeOf(weightName) as [number, number]
  const [rows, columns] = transposed ? [a, b] : [b, a]
  const x = p.view(node.inputs[0]!)
  const axis = x.shape.length - 1
  const { source, target } = pairOnGrid(p, x, axis, rows)
  const table = source.tables[axis]!
  const base = source.base - source.storage.grid.lead
  const matrix = (w: Tensor): Matrix => ({
    rows,
    columns,
    weights: rowMajor(w.data as Float32Array, rows, columns, transposed, alpha),
    rowsPerGroup: rows,
    cachedColumns: columnsInCache(source.storage.grid.width * 4),
    offset: (_group, k) => (base + table[k]!) * 4,
  })
  const fusedBias = biasName !== undefined && p.initializer(biasName) ? biasName : undefined
  const rest = biasName !== undefined && fusedBias === undefined
  const epilogue = rest ? noEpilogue(node) : findEpilogue(p, node, uses, target, axis, ready)
  emitMatrix(p, {
    node,
    key: `linear ${transposed} ${base} ${tableKey(table)} ${alpha}`,
    weightName,
    matrix,
    biasName: fusedBias,
    epilogue,
    source: source.storage,
    tiles: sameTiles(source.storage.grid.tiles, source.storage, target.storage),
    target,
    form: c.form(node, weightName),
  })
  if (rest) {
    p.set(node.outputs[0]!, emitBinary(p, Binary.Add, target, p.view(biasName), target.shape))
    return
  }
  finish(c, target, epilogue)
}

function rowMajor(data: Float32Array, rows: number, columns: number, transposed: boolean, alpha: number): Float32Array {
  if (transposed && alpha === 1) return data
  const out = new Float32Array(data.length)
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < columns; k++) out[r * columns + k] = alpha * data[transposed ? r * columns + k : k * rows + r]!
  }
  return out
}

export function lowerLinear(c: Context, node: Node): void {
  const [, w, b] = node.inputs as [string, string, string | undefined]
  if (c.p.initializer(w) && sizeOf(c.p.shapeOf(node.inputs[0]!)) > 0)
    return emitLinear(c, node, w, true, 1, b || undefined)
  const weights = c.p.view(w)
  const turned = { ...weights, shape: [...weights.shape].reverse(), tables: [...weights.tables].reverse() }
  let y = multiply(c.p, c.p.view(node.inputs[0]!), turned, c.p.shapeOf(node.outputs[0]!))
  if (b) y = emitBinary(c.p, Binary.Add, y, c.p.view(b), y.shape)
  c.p.set(node.outputs[0]!, y)
  c.p.note(node, 'product')
}

export function lowerGemm(c: Context, node: Node): void {
  const { p } = c
  const [a, w, bias] = node.inputs as [string, string, string | undefined]
  const alpha = numberAttribute(node, 'alpha', 1)
  const beta = numberAttribute(node, 'beta', 1)
  const transB = numberAttribute(node, 'transB', 0) !== 0
  const simple = numberAttribute(node, 'transA', 0) === 0 && p.initializer(w) !== undefined
  const vector =
    !bias ||
    (beta === 1 &&
      p.initializer(bias) &&
      p.shapeOf(bias).length === 1 &&
      p.shapeOf(bias)[0] === p.shapeOf(node.outputs[0]!)[1])
  if (simple && vector) return emitLinear(c, node, w, transB, alpha, bias || undefined)
  const turn = (v: View): View => ({ ...v, shape: [...v.shape].reverse(), tables: [...v.tables].reverse() })
  const x = numberAttribute(node, 'transA', 0) ? turn(p.view(a)) : p.view(a)
  let y = multiply(p, x, transB ? turn(p.view(w)) : p.view(w), p.shapeOf(node.outputs[0]!))
  const constant = (value: number): View => p.constant({ dtype: 'float32', shape: [], data: Float32Array.of(value) })
  if (alpha !== 1) y = emitBinary(p, Binary.Mul, y, constant(alpha), y.shape)
  if (bias && beta !== 0) {
    const c0 = beta === 1 ? p.view(bias) : emitBinary(p, Binary.Mul, p.view(bias), constant(beta), p.shapeOf(bias))
    y = emitBinary(p, Binary.Add, y, c0, y.shape)
  }
  p.set(node.outputs[0]!, y)
  p.note(node, 'product')
}

export function lowerMatMul(c: Context, node: Node): void {
  const { p } = c
  const [a, b] = node.inputs as [string, string]
  const [as, bs] = [p.shapeOf(a), p.shapeOf(b)]
  if (p.initializer(b) && bs.length === 2 && as.length >= 2 && !p.initializer(a)) {
    return emitLinear(c, node, b, false, 1, undefined)
  }
  // a vector is a matrix of one row or column
  const left = as.length === 1 ? reshapeView(p.view(a), [1, as[0]!])! : p.view(a)
  const right = bs.length === 1 ? reshapeView(p.view(b), [bs[0]!, 1])! : p.view(b)
  const shape = [...p.shapeOf(node.outputs[0]!)]
  const full = [...shape]
  if (as.length === 1) full.splice(bs.length === 1 ? 0 : full.length - 1, 0, 1)
  if (bs.length === 1) full.push(1)
  const y = multiply(p, left, right, full)
  p.set(
    node.outputs[0]!,
    shape.length === full.length ? y : (reshapeView(y, shape) ?? reshapeView(p.contiguous(y), shape)!),
  )
  p.note(node, 'product')
}

const multiply = (p: Planner, a: View, b: View, shape: readonly number[]): View => emitProduct(p, a, b, shape)
