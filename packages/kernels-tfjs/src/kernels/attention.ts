import { numberAttribute } from '@tacojs/graph'
import { row, type Kernel, type KernelTable } from '../kernel.js'
import { rowValue } from '../value.js'
import { batchedProduct } from './matmul.js'
import { transposed } from './transpose.js'

/** Softmax(scale·Q·Kᵀ + bias)·V over the last two dimensions. */
const attention: Kernel = {
  run(call) {
    const { tf, node } = call
    const [q, k, v] = [row(call, 0), row(call, 1), row(call, 2)]
    const swap = k.shape.map((_, i) => i)
    swap.push(...swap.splice(-2).reverse())
    const scaled = tf.mul(q, numberAttribute(node, 'scale', 1))
    let scores = batchedProduct(tf, scaled, transposed(tf, k, swap))
    if (call.inputs[3]) scores = tf.add(scores, row(call, 3))
    return rowValue(batchedProduct(tf, tf.softmax(scores, -1), v))
  },
}

export const attentionKernels: KernelTable = { Attention: attention }
