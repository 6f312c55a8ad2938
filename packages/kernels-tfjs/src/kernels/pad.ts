import { stringAttribute } from '@tacojs/graph'
import { axisOf, numbers, row, type Kernel, type KernelTable } from '../kernel.js'
import { rowValue, type Tf, type TfTensor } from '../value.js'

/** Constant padding is tf.pad; reflect and edge gather the source index of every output position, axis by axis. */
const pad: Kernel = {
  host: [1, 2, 3],
  unsupported(node) {
    const mode = stringAttribute(node, 'mode', 'constant')
    return ['constant', 'reflect', 'edge'].includes(mode) ? undefined : `Pad with mode ${mode}`
  },
  run(call) {
    const { tf, node } = call
    let x = row(call, 0)
    const given = numbers(call, 1)!
    const axes = (numbers(call, 3) ?? x.shape.map((_, i) => i)).map((a) => axisOf(a, x.rank))
    const pads = x.shape.map((): [number, number] => [0, 0])
    axes.forEach((axis, i) => (pads[axis] = [given[i]!, given[i + axes.length]!]))
    // Negative pads crop.
    const begin = pads.map(([before]) => Math.max(0, -before))
    x = tf.slice(
      x,
      begin,
      x.shape.map((n, i) => n - begin[i]! - Math.max(0, -pads[i]![1])),
    )
    const grow = pads.map(([before, after]): [number, number] => [Math.max(0, before), Math.max(0, after)])
    const mode = stringAttribute(node, 'mode', 'constant')
    if (mode === 'constant') return rowValue(tf.pad(x, grow, numbers(call, 2)?.[0] ?? 0))
    grow.forEach((pair, axis) => (x = mirrored(tf, x, axis, pair, mode)))
    return rowValue(x)
  },
}

function mirrored(tf: Tf, x: TfTensor, axis: number, [before, after]: [number, number], mode: string): TfTensor {
  if (before === 0 && after === 0) return x
  const size = x.shape[axis]!
  const indices = Array.from({ length: before + size + after }, (_, i) => {
    const at = i - before
    if (mode === 'edge') return Math.min(Math.max(at, 0), size - 1)
    const period = Math.max(1, 2 * (size - 1))
    const wrapped = ((at % period) + period) % period
    return wrapped < size ? wrapped : period - wrapped
  })
  return tf.gather(x, tf.tensor1d(indices, 'int32'), axis)
}

export const padKernels: KernelTable = { Pad: pad }
