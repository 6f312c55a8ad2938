import { numberAttribute } from '@tacojs/graph'
import { axisOf, row, type Kernel, type KernelTable } from '../kernel.js'
import { rowValue, type Tf, type TfTensor } from '../value.js'
import { transposed } from './transpose.js'

/** Along one axis, which is brought to the end because tfjs has softmax there only. */
const along = (f: (tf: Tf, x: TfTensor) => TfTensor): Kernel => ({
  run(call) {
    const { tf } = call
    const x = row(call, 0)
    const axis = axisOf(numberAttribute(call.node, 'axis', -1), x.rank)
    if (axis === x.rank - 1) return rowValue(f(tf, x))
    const perm = x.shape.map((_, i) => i)
    ;[perm[axis], perm[x.rank - 1]] = [perm[x.rank - 1]!, perm[axis]!]
    return rowValue(transposed(tf, f(tf, transposed(tf, x, perm)), perm))
  },
})

export const softmaxKernels: KernelTable = {
  Softmax: along((tf, x) => tf.softmax(x, -1)),
  LogSoftmax: along((tf, x) => {
    const shifted = tf.sub(x, tf.max(x, -1, true))
    return tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), -1, true)))
  }),
}
