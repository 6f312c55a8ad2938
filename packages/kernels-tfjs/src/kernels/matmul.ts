import { numberAttribute, sizeOf } from '@tacojs/graph'
import { row, type Kernel, type KernelTable } from '../kernel.js'
import { asRow, rowValue, type Tf, type TfTensor } from '../value.js'
import { matrices } from './contiguous.js'

/** a [m, k] · b [k, n] + bias [n], which an engine may fuse. */
export function product(tf: Tf, a: TfTensor, b: TfTensor, bias?: TfTensor): TfTensor {
  return bias ? tf.fused.matMul({ a, b, bias } as Parameters<Tf['fused']['matMul']>[0]) : tf.matMul(a, b)
}

/**
 * a [..., m, k] · b [..., k, n] with broadcasting batch dimensions. The wasm engine has a fast path for one pair of
 * matrices only, so batches are taken apart there.
 */
export function batchedProduct(tf: Tf, a: TfTensor, b: TfTensor): TfTensor {
  if (a.rank === 2 && b.rank === 2) return tf.matMul(a, b)
  const [m, k] = a.shape.slice(-2) as [number, number]
  const n = b.shape[b.rank - 1]!
  if (b.rank === 2) return tf.reshape(tf.matMul(tf.reshape(a, [-1, k]), b), [...a.shape.slice(0, -1), n])
  const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2))
  const size = sizeOf(batch)
  const as = tf.reshape(expand(tf, a, batch), [size, m, k])
  const bs = tf.reshape(expand(tf, b, batch), [size, k, n])
  if (tf.getBackend() !== 'wasm') return tf.reshape(tf.matMul(as, bs), [...batch, m, n])
  const left = matrices(tf, as)
  const right = matrices(tf, bs)
  const parts = left.map((m, i) => tf.matMul(m, right[i]!))
  return tf.reshape(parts.length === 1 ? parts[0]! : tf.concat(parts, 0), [...batch, m, n])
}

export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1
    const y = b[i - rank + b.length] ?? 1
    return x === 1 ? y : x
  })
}

function expand(tf: Tf, x: TfTensor, batch: readonly number[]): TfTensor {
  const shape = [...batch, ...x.shape.slice(-2)]
  return x.shape.join() === shape.join() ? x : tf.broadcastTo(x, shape)
}

const matmul: Kernel = {
  run(call) {
    const { tf } = call
    let [a, b] = [row(call, 0), row(call, 1)]
    // A vector is a matrix of one row (left) or one column (right), and the result loses that dimension.
    const [left, right] = [a.rank === 1, b.rank === 1]
    if (left) a = tf.reshape(a, [1, -1])
    if (right) b = tf.reshape(b, [-1, 1])
    const y = batchedProduct(tf, a, b)
    if (!left && !right) return rowValue(y)
    const shape = [...y.shape.slice(0, -2), ...(left ? [] : y.shape.slice(-2, -1)), ...(right ? [] : y.shape.slice(-1))]
    return rowValue(tf.reshape(y, shape))
  },
}

/** alpha·A'·B' + beta·C, A' and B' transposed where the attributes say so. */
const gemm: Kernel = {
  run(call) {
    const { tf, node } = call
    const flipped = (i: number, flag: string): TfTensor =>
      numberAttribute(node, flag, 0)
        ? call.form(i, 'transposed', (v) => tf.transpose(asRow(tf, v), [1, 0]))
        : row(call, i)
    const [alpha, beta] = [numberAttribute(node, 'alpha', 1), numberAttribute(node, 'beta', 1)]
    const [a, b] = [flipped(0, 'transA'), flipped(1, 'transB')]
    const c = call.inputs[2] && row(call, 2)
    if (c && c.rank === 1 && c.shape[0] === b.shape[1] && alpha === 1 && beta === 1)
      return rowValue(product(tf, a, b, c))
    let y = tf.matMul(a, b)
    if (alpha !== 1) y = tf.mul(y, alpha)
    if (c) y = tf.add(y, beta === 1 ? c : tf.mul(c, beta))
    return rowValue(y)
  },
}

export const matmulKernels: KernelTable = { MatMul: matmul, Gemm: gemm }
