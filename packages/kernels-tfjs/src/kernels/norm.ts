import { numberAttribute } from '@tacojs/graph'
import { axisOf, nhwc, row, type Call, type Kernel, type KernelTable } from '../kernel.js'
import { asRow, nhwcValue, rowValue, type Tf, type TfTensor } from '../value.js'

/** (x − mean) / √(variance + epsilon) over the axes, in two passes: the variance of what is already centred. */
function standardised(tf: Tf, x: TfTensor, axes: number | number[], epsilon: number) {
  const mean = tf.mean(x, axes, true)
  const centred = tf.sub(x, mean)
  const variance = tf.mean(tf.square(centred), axes, true)
  const inverse = tf.rsqrt(tf.add(variance, epsilon))
  return { y: tf.mul(centred, inverse), mean, inverse }
}

const layerNorm: Kernel = {
  run(call) {
    const { tf, node } = call
    const x = row(call, 0)
    const axis = axisOf(numberAttribute(node, 'axis', -1), x.rank)
    const inner = x.shape.slice(axis).reduce((a, b) => a * b, 1)
    const { y, mean, inverse } = standardised(tf, tf.reshape(x, [-1, inner]), 1, numberAttribute(node, 'epsilon', 1e-5))
    let out = tf.reshape(y, x.shape)
    if (call.inputs[1]) out = tf.mul(out, row(call, 1))
    if (call.inputs[2]) out = tf.add(out, row(call, 2))
    const reduced = [...x.shape.slice(0, axis), ...x.shape.slice(axis).fill(1)]
    return [out, tf.reshape(mean, reduced), tf.reshape(inverse, reduced)]
      .slice(0, node.outputs.length)
      .map((t) => rowValue(t))
  },
}

/** A parameter [c] shaped to meet x [n, c, ...]. */
const perChannel = (call: Call, i: number, rank: number): TfTensor =>
  call.form(i, `channel of ${rank}`, (v) =>
    call.tf.reshape(asRow(call.tf, v), [-1, ...Array<number>(rank - 2).fill(1)]),
  )

const batchNorm: Kernel = {
  unsupported: (node) =>
    numberAttribute(node, 'training_mode', 0) ? 'BatchNormalization in training mode' : undefined,
  run(call) {
    const { tf, node } = call
    const value = call.inputs[0]!
    const last = value.layout === 'nhwc'
    const p = (i: number): TfTensor => (last ? row(call, i) : perChannel(call, i, value.shape.length))
    const scale = tf.div(p(1), tf.sqrt(tf.add(p(4), numberAttribute(node, 'epsilon', 1e-5))))
    const y = tf.add(tf.mul(tf.sub(last ? nhwc(call, 0) : row(call, 0), p(3)), scale), p(2))
    return last ? nhwcValue(y) : rowValue(y)
  },
}

const instanceNorm: Kernel = {
  run(call) {
    const { tf, node } = call
    const x = row(call, 0)
    const [n, c] = x.shape as [number, number]
    const { y } = standardised(tf, tf.reshape(x, [n, c, -1]), 2, numberAttribute(node, 'epsilon', 1e-5))
    return rowValue(tf.reshape(tf.add(tf.mul(y, perChannel(call, 1, 3)), perChannel(call, 2, 3)), x.shape))
  },
}

export const normKernels: KernelTable = {
  LayerNormalization: layerNorm,
  BatchNormalization: batchNorm,
  InstanceNormalization: instanceNorm,
}
