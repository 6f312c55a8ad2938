import { numberAttribute } from '@tacojs/graph'
import { axisOf, row, type Kernel, type KernelTable } from '../kernel.js'
import { rowValue, type Tf, type TfTensor } from '../value.js'

/** The index of the extreme along one axis: of the first one, or of the last where select_last_index says so. */
const index = (f: (tf: Tf, x: TfTensor, axis: number) => TfTensor): Kernel => ({
  run(call) {
    const { tf, node } = call
    const x = row(call, 0)
    const axis = axisOf(numberAttribute(node, 'axis', 0), x.rank)
    const last = numberAttribute(node, 'select_last_index', 0) !== 0
    let y = f(tf, last ? tf.reverse(x, axis) : x, axis)
    if (last) y = tf.sub(tf.scalar(x.shape[axis]! - 1, 'int32'), y)
    return rowValue(numberAttribute(node, 'keepdims', 1) ? tf.expandDims(y, axis) : y, 'int64')
  },
})

export const argKernels: KernelTable = {
  ArgMax: index((tf, x, axis) => tf.argMax(x, axis)),
  ArgMin: index((tf, x, axis) => tf.argMin(x, axis)),
}
