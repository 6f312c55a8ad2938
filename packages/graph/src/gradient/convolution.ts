import type { Dim, Node } from '../graph.js'
import { intsAttribute, numberAttribute } from '../ops/attributes.js'
import { windowOf, type WindowSpec } from '../ops/window.js'
import { float32, sizeOf, toNumbers, type Tensor } from '../tensor.js'
import type { GradientContext, Rules, Vjp } from './context.js'

/**
 * How one spatial axis of a convolution is undone. With j = input position + padding = q·stride + r, the gradient at
 * (q, r) is the sum over the taps k with k·dilation ≡ r (mod stride) of dY[q − ⌊k·dilation/stride⌋]·w[k]: for each phase
 * r an ordinary convolution of stride 1 with some of the taps, the last one first.
 */
interface Axis {
  readonly stride: number
  readonly kernel: number
  readonly dilation: number
  readonly begin: number
  readonly end: number
  /** Of each tap of the forward kernel: its phase, and its place in the backward one. */
  readonly taps: readonly { readonly phase: number; readonly at: number }[]
  /** Positions that the convolution gives, all phases interleaved, and where the input lies among them. */
  readonly length: number
  readonly crop: number
  readonly size: number
}

function axisOf(window: WindowSpec, i: number, size: number, out: number): Axis {
  const [kernel, stride, dilation, pad] = [window.kernel[i]!, window.strides[i]!, window.dilations[i]!, window.pads[i]!]
  // without a stride the taps stay as far apart as they are
  const step = stride === 1 ? dilation : 1
  const reach = Math.floor(((kernel - 1) * dilation) / stride)
  const first = Math.min(Math.floor(pad / stride), reach)
  const last = Math.floor((pad + size - 1) / stride)
  const end = Math.max(0, last + 1 - out)
  return {
    stride,
    kernel: reach / step + 1,
    dilation: step,
    begin: reach - first,
    end,
    taps: Array.from({ length: kernel }, (_, k) => ({
      phase: (k * dilation) % stride,
      at: (reach - Math.floor((k * dilation) / stride)) / step,
    })),
    length: (out + end - first) * stride,
    crop: pad - first * stride,
    size,
  }
}

/** Weights [filters, C/groups, …] as [C·phases, filters/groups, …]: inputs and outputs exchanged, taps reversed. */
function turned(weights: Tensor, groups: number, axes: readonly Axis[]): Tensor {
  const [filters, perGroup, ...kernel] = weights.shape as [number, number, ...number[]]
  const phases = axes.reduce((n, a) => n * a.stride, 1)
  const shape = [perGroup * groups * phases, filters / groups, ...axes.map((a) => a.kernel)]
  const cells = sizeOf(shape.slice(2))
  const data = new Float32Array(sizeOf(shape))
  const values = toNumbers(weights)
  const taps = sizeOf(kernel)
  for (let tap = 0; tap < taps; tap++) {
    let [rest, phase, at, phaseStep, atStep] = [tap, 0, 0, 1, 1]
    for (let d = axes.length - 1; d >= 0; d--) {
      const place = axes[d]!.taps[rest % kernel[d]!]!
      rest = Math.floor(rest / kernel[d]!)
      phase += place.phase * phaseStep
      at += place.at * atStep
      phaseStep *= axes[d]!.stride
      atStep *= axes[d]!.kernel
    }
    for (let f = 0; f < filters; f++) {
      const group = Math.floor(f / (filters / groups))
      for (let i = 0; i < perGroup; i++) {
        const row = (group * perGroup + i) * phases + phase
        data[(row * shape[1]! + (f % shape[1]!)) * cells + at] = values[(f * perGroup + i) * taps + tap]!
      }
    }
  }
  return float32(shape, data)
}

/**
 * The gradient of a convolution's input: a convolution of stride 1 with the weights turned round. With strides its
 * channels are the phases, which are interleaved after it, so that no zero is multiplied for a skipped position.
 */
export function unconvolve(
  c: GradientContext,
  dy: string,
  sizes: { readonly x: readonly Dim[]; readonly y: readonly Dim[] },
  weights: Tensor,
  groups: number,
  window: WindowSpec,
): string {
  const spatial = [...sizes.x.slice(2), ...sizes.y.slice(2)]
  if (spatial.some((size) => typeof size === 'string')) return c.refuse('the size of its images is not known')
  const rank = window.kernel.length
  const axes = window.kernel.map((_, i) => axisOf(window, i, sizes.x[i + 2] as number, sizes.y[i + 2] as number))
  let d = c.add('Conv', [dy, c.value(turned(weights, groups, axes))], {
    group: groups,
    kernel_shape: axes.map((a) => a.kernel),
    dilations: axes.map((a) => a.dilation),
    pads: [...axes.map((a) => a.begin), ...axes.map((a) => a.end)],
  })
  if (axes.some((a) => a.stride > 1)) {
    const counts = axes.map((a) => a.length / a.stride)
    const channels = weights.shape[1]! * groups
    const apart = c.add('Reshape', [d, c.longs([0, channels, ...axes.map((a) => a.stride), ...counts])])
    const perm = [0, 1, ...axes.flatMap((_, i) => [2 + rank + i, 2 + i])]
    const woven = c.add('Transpose', [apart], { perm })
    d = c.add('Reshape', [woven, c.longs([0, channels, ...axes.map((a) => a.length)])])
  }
  return fit(c, d, axes)
}

/** Cuts to where the input lies; `axisOf` sees to it that there is enough. */
function fit(c: GradientContext, d: string, axes: readonly Axis[]): string {
  const cut = axes.filter((a) => a.crop > 0 || a.length > a.crop + a.size)
  if (cut.length === 0) return d
  const at = cut.map((a) => axes.indexOf(a) + 2)
  const ends = cut.map((a) => a.crop + a.size)
  return c.add('Slice', [d, c.longs(cut.map((a) => a.crop)), c.longs(ends), c.longs(at)])
}

/** The window of a Conv or pooling node. */
export const windowFor = (node: Node, c: GradientContext, kernel: readonly number[]): WindowSpec =>
  windowOf(node, c.shape(node.inputs[0]!).slice(2), intsAttribute(node, 'kernel_shape', kernel))

const conv: Vjp = (node, c, [dy]) => {
  const [x, w] = node.inputs as [string, string]
  if (!c.needs(0)) return []
  const weights = c.constant(w)
  if (!weights) return c.refuse('its weights are not constant')
  const sizes = { x: c.shape(x), y: c.shape(node.outputs[0]!) }
  return [
    unconvolve(c, dy!, sizes, weights, numberAttribute(node, 'group', 1), windowFor(node, c, weights.shape.slice(2))),
  ]
}

export const convolution: Rules = { Conv: conv }
