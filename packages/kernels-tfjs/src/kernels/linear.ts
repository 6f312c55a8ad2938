import { row, type Kernel, type KernelTable } from '../kernel.js'
import { asRow, rowValue } from '../value.js'
import { product } from './matmul.js'

/** X·Wᵀ + B; Wᵀ is made once, because tfjs's wasm engine multiplies by a transposed operand fourteen times slower. */
const linear: Kernel = {
  run(call) {
    const { tf } = call
    const x = row(call, 0)
    const wT = call.form(1, 'transposed', (w) => tf.transpose(asRow(tf, w), [1, 0]))
    const bias = call.inputs[2] && row(call, 2)
    const [inputs, outputs] = wT.shape as [number, number]
    const y = product(tf, tf.reshape(x, [-1, inputs]), wT, bias)
    return rowValue(tf.reshape(y, [...x.shape.slice(0, -1), outputs]))
  },
}

const layerScale: Kernel = { run: (call) => rowValue(call.tf.mul(row(call, 0), row(call, 1))) }

const expandBatch: Kernel = {
  run(call) {
    const x = row(call, 0)
    return rowValue(call.tf.tile(x, [call.inputs[1]!.shape[0]!, ...x.shape.slice(1).fill(1)]))
  },
}

export const linearKernels: KernelTable = {
  Linear: linear,
  LayerScale: layerScale,
  ExpandBatch: expandBatch,
}
