import { numberAttribute, stringAttribute } from '@tacojs/graph'
import { row, type Kernel, type KernelTable } from '../kernel.js'
import { rowValue } from '../value.js'
import { transposed } from './transpose.js'

const depthToSpace: Kernel = {
  run(call) {
    const { tf, node } = call
    const x = row(call, 0)
    const [n, c, h, w] = x.shape as [number, number, number, number]
    const b = numberAttribute(node, 'blocksize', 1)
    const out = c / (b * b)
    const y =
      stringAttribute(node, 'mode', 'DCR') === 'DCR'
        ? transposed(tf, tf.reshape(x, [n, b, b, out, h * w]), [0, 3, 1, 2, 4])
        : tf.reshape(x, [n, out, b, b, h * w])
    // [n, out, b (rows), b (columns), h, w] → [n, out, h, b, w, b], rows then columns
    const rows = transposed(tf, tf.reshape(y, [n * out, b, b, h, w]), [0, 3, 1, 4, 2])
    return rowValue(tf.reshape(rows, [n, out, h * b, w * b]))
  },
}

const spaceToDepth: Kernel = {
  run(call) {
    const { tf, node } = call
    const x = row(call, 0)
    const [n, c, h, w] = x.shape as [number, number, number, number]
    const b = numberAttribute(node, 'blocksize', 1)
    const cells = transposed(tf, tf.reshape(x, [n * c, h / b, b, w / b, b]), [0, 2, 4, 1, 3])
    const y = transposed(tf, tf.reshape(cells, [n, c, b * b, (h * w) / (b * b)]), [0, 2, 1, 3])
    return rowValue(tf.reshape(y, [n, c * b * b, h / b, w / b]))
  },
}

export const spaceKernels: KernelTable = { DepthToSpace: depthToSpace, SpaceToDepth: spaceToDepth }
