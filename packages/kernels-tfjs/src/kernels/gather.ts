import { numberAttribute, sizeOf } from '@tacojs/graph'
import { axisOf, numbers, row, type Kernel, type KernelTable } from '../kernel.js'
import { rowValue } from '../value.js'
import { contiguous } from './contiguous.js'

const gather: Kernel = {
  host: [1],
  run(call) {
    const { tf } = call
    const x = row(call, 0)
    const axis = axisOf(numberAttribute(call.node, 'axis', 0), x.rank)
    const indices = numbers(call, 1)!.map((i) => axisOf(i, x.shape[axis]!))
    // As three dimensions, and a slice where there is one index: the wasm engine gathers slowly in high ranks.
    const [outer, inner] = [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis + 1))]
    const flat = tf.reshape(x, [outer, x.shape[axis]!, inner])
    const y =
      indices.length > 1
        ? tf.gather(flat, tf.tensor1d(indices, 'int32'), 1)
        : outer === 1 && indices.length === 1
          ? contiguous(tf, flat, indices[0]! * inner, [1, 1, inner])
          : tf.slice(flat, [0, indices[0] ?? 0, 0], [outer, indices.length, inner])
    const shape = [...x.shape.slice(0, axis), ...call.inputs[1]!.shape, ...x.shape.slice(axis + 1)]
    return rowValue(tf.reshape(y, shape))
  },
}

export const gatherKernels: KernelTable = { Gather: gather }
