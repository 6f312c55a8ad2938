import { numberAttribute } from '@tacojs/graph'
import { axisOf, numbers, row, type Kernel, type KernelTable } from '../kernel.js'
import { nhwcValue, rowValue, type Tf, type TfTensor } from '../value.js'

type Reduce = (tf: Tf, x: TfTensor, axes: number[], keep: boolean) => TfTensor

/** Where H, W, C of the graph's NCHW are in a channels-last tensor. */
const channelsLast = [0, 3, 1, 2]

const over = (f: Reduce): Kernel => ({
  host: [1],
  run(call) {
    const { tf, node } = call
    const value = call.inputs[0]!
    const rank = value.shape.length
    const given = numbers(call, 1) ?? []
    const keep = numberAttribute(node, 'keepdims', 1) !== 0
    if (given.length === 0 && numberAttribute(node, 'noop_with_empty_axes', 0)) return rowValue(row(call, 0))
    const axes = given.length > 0 ? given.map((a) => axisOf(a, rank)) : value.shape.map((_, i) => i)
    if (value.layout === 'nhwc' && (keep || spatial(axes))) {
      const y = f(
        tf,
        value.tensor!,
        axes.map((a) => channelsLast[a]!),
        keep,
      )
      return keep ? nhwcValue(y) : rowValue(y)
    }
    return rowValue(f(tf, row(call, 0), axes, keep))
  },
})

/** Reducing H and W leaves [n, c] in both layouts. */
const spatial = (axes: readonly number[]): boolean => axes.length === 2 && axes.includes(2) && axes.includes(3)

export const reduceKernels: KernelTable = {
  ReduceMean: over((tf, x, axes, keep) => tf.mean(x, axes, keep)),
  ReduceSum: over((tf, x, axes, keep) => tf.sum(x, axes, keep)),
  ReduceMax: over((tf, x, axes, keep) => tf.max(x, axes, keep)),
  ReduceMin: over((tf, x, axes, keep) => tf.min(x, axes, keep)),
  ReduceProd: over((tf, x, axes, keep) => tf.prod(x, axes, keep)),
  ReduceL1: over((tf, x, axes, keep) => tf.sum(tf.abs(x), axes, keep)),
  ReduceL2: over((tf, x, axes, keep) => tf.sqrt(tf.sum(tf.square(x), axes, keep))),
  ReduceSumSquare: over((tf, x, axes, keep) => tf.sum(tf.square(x), axes, keep)),
}
