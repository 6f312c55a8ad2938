import { sizeOf, type Tensor } from '@tacojs/graph'
import { broadcast, broadcastOffsets, make, num, offsets, stridesOf, take, values, type Kernels } from './kernel.js'
import { softmaxRow } from './softmax.js'

/** A [..., n, k] · B [..., k, m], the leading dimensions broadcast. */
function matmul(a: Tensor, b: Tensor): Tensor {
  const [n, k] = a.shape.slice(-2) as [number, number]
  const m = b.shape[b.shape.length - 1]!
  if (b.shape[b.shape.length - 2] !== k) throw new Error(`[${a.shape.join()}] · [${b.shape.join()}] do not fit`)
  const [aBatch, bBatch] = [a.shape.slice(0, -2), b.shape.slice(0, -2)]
  const batch = broadcast(aBatch, bBatch)
  const [x, y] = [values(a), values(b)]
  const out = new Float64Array(sizeOf(batch) * n * m)
  const [aPlaces, bPlaces] = [broadcastOffsets(batch, aBatch), broadcastOffsets(batch, bBatch)]
  for (let g = 0; g < sizeOf(batch); g++) {
    const [aStart, bStart] = [aPlaces[g]! * n * k, bPlaces[g]! * k * m]
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < m; j++) {
        let sum = 0
        for (let p = 0; p < k; p++) sum += x[aStart + i * k + p]! * y[bStart + p * m + j]!
        out[(g * n + i) * m + j] = sum
      }
    }
  }
  return make(a.dtype, [...batch, n, m], out)
}

const exchanged = <T>(list: readonly T[]): T[] => [...list.slice(0, -2), ...list.slice(-2).reverse()]

/** The last two dimensions exchanged. */
function transposed(t: Tensor): Tensor {
  const shape = exchanged(t.shape)
  return take(t, shape, offsets(shape, exchanged(stridesOf(t.shape))))
}

const reshaped = (t: Tensor, shape: readonly number[]): Tensor => ({ ...t, shape })

/** a + factor·b, of the shape that both broadcast to. */
function plus(a: Tensor, b: Tensor | undefined, factor = 1): Tensor {
  if (!b) return a
  const shape = broadcast(a.shape, b.shape)
  const [x, y] = [values(a), values(b)]
  const [first, second] = [broadcastOffsets(shape, a.shape), broadcastOffsets(shape, b.shape)]
  return make(
    a.dtype,
    shape,
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => x[first[i]!]! + factor * y[second[i]!]!),
  )
}

const scaled = (t: Tensor, factor: number): Tensor =>
  make(
    t.dtype,
    t.shape,
    values(t).map((v) => v * factor),
  )

export const linear: Kernels = {
  MatMul: (_node, [a, b]) => {
    // a vector on the left is a row, one on the right a column; the added dimension is dropped again
    const [row, column] = [a!.shape.length === 1, b!.shape.length === 1]
    const y = matmul(row ? reshaped(a!, [1, ...a!.shape]) : a!, column ? reshaped(b!, [...b!.shape, 1]) : b!)
    let shape = y.shape
    if (column) shape = shape.slice(0, -1)
    if (row) shape = shape.filter((_, i) => i !== shape.length - (column ? 1 : 2))
    return [reshaped(y, shape)]
  },
  Gemm: (node, [a, b, c]) => {
    const product = matmul(num(node, 'transA', 0) ? transposed(a!) : a!, num(node, 'transB', 0) ? transposed(b!) : b!)
    return [plus(scaled(product, num(node, 'alpha', 1)), c, num(node, 'beta', 1))]
  },
  'ai.tacojs.Linear': (_node, [x, w, b]) => {
    const flat = reshaped(x!, [sizeOf(x!.shape.slice(0, -1)), x!.shape[x!.shape.length - 1]!])
    const y = plus(matmul(flat, transposed(w!)), b)
    return [reshaped(y, [...x!.shape.slice(0, -1), w!.shape[0]!])]
  },
  'ai.tacojs.Attention': (node, [q, k, v, bias]) => {
    const scores = plus(scaled(matmul(q!, transposed(k!)), num(node, 'scale', 1)), bias)
    const columns = scores.shape[scores.shape.length - 1]!
    const weights = Float64Array.from(values(scores))
    for (let i = 0; i < weights.length; i += columns) softmaxRow(weights.subarray(i, i + columns))
    return [matmul(make('float64', scores.shape, weights), v!)]
  },
}
