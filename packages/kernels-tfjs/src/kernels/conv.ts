import { intsAttribute, numberAttribute } from '@tacojs/graph'
import { nhwc, type Call, type Kernel, type KernelTable } from '../kernel.js'
import { asRow, nhwcValue, rowValue, type Tensor4D, type TfTensor, type Value } from '../value.js'
import { inNhwc, windowFor, type Window } from './window.js'

/** The filter [out, in / groups, kh, kw] (or without kh) as tfjs wants it: [kh, kw, in / groups, out]. */
function filterOf(call: Call): TfTensor {
  return call.form(1, 'hwio', (w) => {
    const [o, i, ...k] = w.shape as number[]
    const flat = call.tf.reshape(asRow(call.tf, w), [o!, i!, ...(k.length === 1 ? [1, k[0]!] : k)])
    return call.tf.transpose(flat, [2, 3, 1, 0])
  })
}

/** The filter of a depthwise convolution as [kh, kw, channels, multiplier]. */
function depthwiseFilter(call: Call, groups: number): TfTensor {
  return call.form(1, 'depthwise', (w) => {
    const [o, , ...k] = w.shape as number[]
    const [kh, kw] = k.length === 1 ? [1, k[0]!] : (k as [number, number])
    return call.tf.transpose(call.tf.reshape(asRow(call.tf, w), [groups, o! / groups, kh, kw]), [2, 3, 0, 1])
  })
}

function convolve(call: Call, x: TfTensor, w: TfTensor, window: Window, bias?: TfTensor): TfTensor {
  const { tf } = call
  const options = {
    x: x as Tensor4D,
    filter: w as Tensor4D,
    strides: window.strides,
    pad: window.pads,
    dilations: window.dilations,
  }
  const y = tf.fused.conv2d({ ...options, bias, activation: call.activation ?? 'linear' } as never) as TfTensor
  return y
}

/** tfjs takes a stride or a dilation, not both: with both, every position is computed and some are kept. */
function strided(call: Call, window: Window, f: (window: Window) => TfTensor): TfTensor {
  const both = window.strides.some((s) => s > 1) && window.dilations.some((d) => d > 1)
  if (!both) return f(window)
  const y = f({ ...window, strides: [1, 1] })
  return call.tf.stridedSlice(y, [0, 0, 0, 0], y.shape, [1, ...window.strides, 1])
}

const conv: Kernel = {
  unsupported(node) {
    if (intsAttribute(node, 'pads', []).some((p) => p < 0)) return 'Conv with negative pads'
    return undefined
  },
  run(call) {
    const { tf, node } = call
    const value = call.inputs[0]!
    const filter = call.inputs[1]!
    const x = value.shape.length === 4 ? nhwc(call, 0) : inNhwc(call, value)
    const groups = numberAttribute(node, 'group', 1)
    const bias = call.inputs[2] && call.form(2, 'row', (v) => asRow(tf, v))
    const window = windowFor(node, value.shape, filter.shape.slice(2))
    const channels = value.shape[1]!
    const y = strided(call, window, (w) => {
      if (groups === 1) return convolve(call, x, filterOf(call), w, bias)
      const finish = (t: TfTensor): TfTensor => {
        const biased = bias ? tf.add(t, bias) : t
        return call.activation === 'relu' ? tf.relu(biased) : biased
      }
      if (groups === channels) {
        const f = depthwiseFilter(call, groups)
        return finish(tf.depthwiseConv2d(x as Tensor4D, f as Tensor4D, w.strides, w.pads, 'NHWC', w.dilations))
      }
      const xs = tf.split(x, groups, 3)
      const fs = tf.split(filterOf(call), groups, 3)
      const parts = xs.map((part, g) =>
        tf.conv2d(part as Tensor4D, fs[g] as Tensor4D, w.strides, w.pads, 'NHWC', w.dilations),
      )
      return finish(tf.concat(parts as TfTensor[], 3))
    })
    return unflatten(call, value, y)
  },
}

/** The result in the graph's rank: [n, c, l] where the input had one spatial dimension. */
export function unflatten(call: Call, input: Value, y: TfTensor): Value {
  if (input.shape.length === 4) return nhwcValue(y)
  const [n, , l, c] = y.shape as [number, number, number, number]
  return rowValue(call.tf.transpose(call.tf.reshape(y, [n, l, c]), [0, 2, 1]))
}

export const convKernels: KernelTable = { Conv: conv }
