import { numberAttribute, sizeOf, sliceRanges } from '@tacojs/graph'
import { axisOf, numbers, row, type Kernel, type KernelTable } from '../kernel.js'
import { rowValue, type Tf, type TfTensor } from '../value.js'
import { contiguous } from './contiguous.js'

/** `size` positions of one axis from `begin` on. */
function along(tf: Tf, x: TfTensor, axis: number, begin: number, size: number): TfTensor {
  const shape = x.shape.map((n, a) => (a === axis ? size : n))
  const [outer, inner] = [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis + 1))]
  if (outer === 1 && size > 0) return contiguous(tf, x, begin * inner, shape)
  const flat = tf.reshape(x, [outer, x.shape[axis]!, inner])
  return tf.reshape(tf.slice(flat, [0, begin, 0], [outer, size, inner]), shape)
}

const concat: Kernel = {
  run(call) {
    const parts = call.inputs.map((_, i) => row(call, i))
    if (parts.length === 1) return rowValue(parts[0]!)
    return rowValue(call.tf.concat(parts, axisOf(numberAttribute(call.node, 'axis', 0), parts[0]!.rank)))
  },
}

const split: Kernel = {
  host: [1],
  run(call) {
    const x = row(call, 0)
    const axis = axisOf(numberAttribute(call.node, 'axis', 0), x.rank)
    let sizes = numbers(call, 1)
    if (!sizes) {
      // Equal parts; the last is smaller where the size does not divide.
      const count = numberAttribute(call.node, 'num_outputs', call.node.outputs.length)
      const each = Math.ceil(x.shape[axis]! / count)
      sizes = Array.from({ length: count }, (_, i) => Math.min(each, x.shape[axis]! - i * each))
    }
    let begin = 0
    return sizes.map((size) => {
      const part = along(call.tf, x, axis, begin, size)
      begin += size
      return rowValue(part)
    })
  },
}

const slice: Kernel = {
  host: [1, 2, 3, 4],
  run(call) {
    const { tf } = call
    let y = row(call, 0)
    const [starts, ends, axes, steps] = [1, 2, 3, 4].map((i) => numbers(call, i))
    sliceRanges(call.node, y.shape, starts!, ends!, axes, steps).forEach(({ start, step, length }, axis) => {
      const size = length as number
      if (step === 1 && size === y.shape[axis]) return
      if (step === 1) y = along(tf, y, axis, start, size)
      else {
        const indices = Array.from({ length: size }, (_, i) => start + i * step)
        y = tf.gather(y, tf.tensor1d(indices, 'int32'), axis)
      }
    })
    return rowValue(y)
  },
}

export const partKernels: KernelTable = { Concat: concat, Split: split, Slice: slice }
