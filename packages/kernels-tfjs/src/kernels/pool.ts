import { intsAttribute, numberAttribute } from '@tacojs/graph'
import { nhwc, row, type Call, type Kernel, type KernelTable } from '../kernel.js'
import { nhwcValue, rowValue, type Tensor4D, type TfTensor } from '../value.js'
import { unflatten } from './conv.js'
import { inNhwc, windowFor, type Pads, type Window } from './window.js'

type PoolPad = Parameters<Call['tf']['maxPool']>[3]

const grown = ([n, [top, bottom], [left, right], c]: Pads, [h, w]: readonly [number, number]): Pads => [
  n,
  [top, bottom + h],
  [left, right + w],
  c,
]

const none: Pads = [
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
]

const plain = ({ kernel, dilations }: Window): boolean => kernel[0] * kernel[1] > 1 && dilations.every((d) => d === 1)

/** For every offset inside the window, what all windows see there: a pool by hand, for dilations and 1×1 windows. */
function views(call: Call, padded: TfTensor, { kernel, strides, dilations }: Window): TfTensor[] {
  const [n, h, w, c] = padded.shape as [number, number, number, number]
  const outputs = [h, w].map((size, i) => Math.floor((size - (kernel[i]! - 1) * dilations[i]! - 1) / strides[i]!) + 1)
  const seen: TfTensor[] = []
  for (let y = 0; y < kernel[0]; y++) {
    for (let x = 0; x < kernel[1]; x++) {
      const begin = [0, y * dilations[0], x * dilations[1], 0]
      const end = [n, begin[1]! + (outputs[0]! - 1) * strides[0] + 1, begin[2]! + (outputs[1]! - 1) * strides[1] + 1, c]
      seen.push(call.tf.stridedSlice(padded, begin, end, [1, ...strides, 1]))
    }
  }
  return seen
}

function pool(run: (call: Call, x: TfTensor, window: Window) => TfTensor): Kernel {
  return {
    unsupported(node) {
      if (intsAttribute(node, 'pads', []).some((p) => p < 0)) return `${node.op} with negative pads`
      if (node.outputs.length > 1 && node.outputs[1] !== '') return `${node.op} with indices`
      return undefined
    },
    run(call) {
      const value = call.inputs[0]!
      const x = value.shape.length === 4 ? nhwc(call, 0) : inNhwc(call, value)
      const window = windowFor(call.node, value.shape, intsAttribute(call.node, 'kernel_shape', []))
      return unflatten(call, value, run(call, x, window))
    },
  }
}

const maxPool = pool((call, x, window) => {
  const { tf } = call
  const pads = grown(window.pads, window.extra)
  if (plain(window)) return tf.maxPool(x as Tensor4D, window.kernel, window.strides, pads as PoolPad)
  return views(call, tf.pad(x, pads, -Infinity), window).reduce((a, b) => tf.maximum(a, b))
})

const averagePool = pool((call, x, window) => {
  const { tf, node } = call
  // Zeros that count are padded by hand; what remains as padding of the pool itself does not count.
  const counted = numberAttribute(node, 'count_include_pad', 0) !== 0
  const input = counted ? tf.pad(x, window.pads) : x
  const pads = grown(counted ? none : window.pads, window.extra)
  if (plain(window)) return tf.avgPool(input as Tensor4D, window.kernel, window.strides, pads as PoolPad)
  const sum = (t: TfTensor): TfTensor => views(call, tf.pad(t, pads), window).reduce((a, b) => tf.add(a, b))
  return tf.div(sum(input), sum(tf.onesLike(input)))
})

/** Reduces all spatial dimensions to one. */
function global(reduce: (call: Call, x: TfTensor) => TfTensor): Kernel {
  return {
    run(call) {
      const value = call.inputs[0]!
      const [n, c] = value.shape as [number, number]
      if (value.layout === 'nhwc') {
        const [, h, w] = value.tensor!.shape as number[]
        return nhwcValue(call.tf.reshape(reduce(call, call.tf.reshape(value.tensor!, [n, h! * w!, c])), [n, 1, 1, c]))
      }
      const flat = call.tf.reshape(row(call, 0), [n, c, -1])
      const y = reduce(call, call.tf.transpose(flat, [0, 2, 1]))
      return rowValue(call.tf.reshape(y, [n, c, ...value.shape.slice(2).fill(1)]))
    },
  }
}

export const poolKernels: KernelTable = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalAveragePool: global((call, x) => call.tf.mean(x, 1)),
  GlobalMaxPool: global((call, x) => call.tf.max(x, 1)),
}
