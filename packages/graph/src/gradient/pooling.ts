import type { Node } from '../graph.js'
import { intsAttribute, numberAttribute } from '../ops/attributes.js'
import type { WindowSpec } from '../ops/window.js'
import { float32, sizeOf } from '../tensor.js'
import type { GradientContext, Rules, Vjp } from './context.js'
import { unconvolve, windowFor } from './convolution.js'
import { step } from './steps.js'

interface Pool {
  readonly x: string
  readonly y: string
  readonly channels: number
  readonly window: WindowSpec
  readonly sizes: readonly number[]
  readonly out: readonly number[]
}

function poolOf(node: Node, c: GradientContext): Pool {
  const [x, y] = [node.inputs[0]!, node.outputs[0]!]
  const [, channels, ...sizes] = c.shape(x)
  const out = c.shape(y).slice(2)
  if ([channels, ...sizes, ...out].some((size) => typeof size === 'string'))
    return c.refuse('the size of its images is not known')
  const window = windowFor(node, c, intsAttribute(node, 'kernel_shape'))
  return { x, y, channels: channels as number, window, sizes: sizes as number[], out: out as number[] }
}

/** For each window along an axis, how many of its cells count. */
function cells({ window, sizes, out }: Pool, axis: number, padsCount: boolean): number[] {
  const begin = window.pads[axis]!
  const low = padsCount ? -begin : 0
  const high = sizes[axis]! + (padsCount ? window.pads[axis + sizes.length]! : 0)
  return Array.from({ length: out[axis]! }, (_, o) => {
    let count = 0
    for (let k = 0; k < window.kernel[axis]!; k++) {
      const at = o * window.strides[axis]! - begin + k * window.dilations[axis]!
      if (at >= low && at < high) count++
    }
    return count
  })
}

/** Every element under a window takes an equal share of its gradient. */
const averagePool: Vjp = (node, c, [dy]) => {
  const pool = poolOf(node, c)
  const { x, y, channels, window, sizes, out } = pool
  const padsCount = numberAttribute(node, 'count_include_pad', 0) !== 0
  const counts = sizes.map((_, axis) => cells(pool, axis, padsCount))
  const shares = Array.from({ length: sizeOf(out) }, (_, flat) => {
    let [rest, count] = [flat, 1]
    for (let d = out.length - 1; d >= 0; d--) {
      count *= counts[d]![rest % out[d]!]!
      rest = Math.floor(rest / out[d]!)
    }
    return 1 / count
  })
  const equal = shares.every((share) => share === shares[0])
  const d = equal ? dy! : c.add('Mul', [dy!, c.value(float32(out, shares))])
  const weight = new Float32Array(channels * sizeOf(window.kernel)).fill(equal ? shares[0]! : 1)
  const weights = float32([channels, 1, ...window.kernel], weight)
  return [unconvolve(c, d, { x: c.shape(x), y: c.shape(y) }, weights, channels, window)]
}

/** Below every activation, and finite: differences from it stay numbers. */
const lowest = -(2 ** 126)

/**
 * Tap by tap: what lies under the tap of every window is a strided slice of the padded image; where it equals the
 * maximum, and no tap before it did, it takes the gradient. The taps' gradients are put back by a convolution that has a
 * single 1 for each.
 */
const maxPool: Vjp = (node, c, [dy]) => {
  const { x, y, channels, window, sizes, out } = poolOf(node, c)
  const rank = sizes.length
  // as far as the last window reaches
  const reach = out.map((o, d) => (o - 1) * window.strides[d]! + (window.kernel[d]! - 1) * window.dilations[d]! + 1)
  const begins = window.pads.slice(0, rank)
  const ends = reach.map((r, d) => Math.max(0, r - sizes[d]! - begins[d]!))
  const padded = [...begins, ...ends].some((p) => p > 0)
    ? c.add('Pad', [x, c.longs([0, 0, ...begins, 0, 0, ...ends]), c.scalar(lowest)])
    : x
  const axes = c.longs(sizes.map((_, d) => d + 2))
  const taps = sizeOf(window.kernel)
  let free: string | undefined
  const parts = Array.from({ length: taps }, (_, tap) => {
    const from = new Array<number>(rank)
    for (let d = rank - 1, rest = tap; d >= 0; d--) {
      from[d] = (rest % window.kernel[d]!) * window.dilations[d]!
      rest = Math.floor(rest / window.kernel[d]!)
    }
    const to = from.map((f, d) => f + (out[d]! - 1) * window.strides[d]! + 1)
    const under = c.add('Slice', [padded, c.longs(from), c.longs(to), axes, c.longs(window.strides)])
    const below = step(c, c.add('Sub', [y, under]))
    const hit = c.add('Sub', [c.scalar(1), below])
    const taken = free ? c.add('Mul', [hit, free]) : hit
    free = free ? c.add('Mul', [free, below]) : below
    return c.add('Unsqueeze', [c.add('Mul', [dy!, taken]), c.longs([2])])
  })
  const joined = c.add('Reshape', [c.add('Concat', parts, { axis: 2 }), c.longs([0, channels * taps, ...out])])
  const ones = float32([channels * taps, 1, ...window.kernel], new Float32Array(channels * taps * taps))
  for (let i = 0; i < channels * taps; i++) ones.data[i * taps + (i % taps)] = 1
  const batch = c.shape(y)[0]!
  return [unconvolve(c, joined, { x: c.shape(x), y: [batch, channels * taps, ...out] }, ones, channels, window)]
}

export const pooling: Rules = { AveragePool: averagePool, MaxPool: maxPool }
