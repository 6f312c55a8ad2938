import { TacoError } from '@tacojs/errors'
import type { Dim, Node } from '../graph.js'
import { intsAttribute, numberAttribute, stringAttribute } from './attributes.js'
import type { AttributeType } from './definition.js'

export const windowAttributes: Readonly<Record<string, AttributeType>> = {
  kernel_shape: 'ints',
  strides: 'ints',
  pads: 'ints',
  dilations: 'ints',
  auto_pad: 'string',
}

export interface WindowSpec {
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  /** Begins of all axes, then ends. */
  readonly pads: readonly number[]
  readonly dilations: readonly number[]
}

/**
 * The window of a convolution or pooling node, with auto_pad resolved for the given spatial sizes (ONNX Conv:
 * SAME pads so that the output is ceil(size / stride), the odd cell at the end for SAME_UPPER).
 */
export function windowOf(node: Node, spatial: readonly Dim[], kernel: readonly number[]): WindowSpec {
  if (kernel.length > 2) {
    throw new TacoError(
      'UNSUPPORTED',
      `node '${node.name}' (${node.op}): windows over ${kernel.length} axes are not supported`,
    )
  }
  const ones = kernel.map(() => 1)
  const strides = intsAttribute(node, 'strides', ones)
  const dilations = intsAttribute(node, 'dilations', ones)
  let pads = intsAttribute(node, 'pads', [...ones, ...ones].fill(0))
  const auto = stringAttribute(node, 'auto_pad', 'NOTSET')
  if (auto === 'VALID') pads = [...ones, ...ones].fill(0)
  if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
    const totals = kernel.map((k, i) => {
      const size = spatial[i]!
      if (typeof size === 'string') {
        throw new TacoError('UNSUPPORTED', `node '${node.name}': auto_pad ${auto} needs a fixed image size`)
      }
      const out = Math.ceil(size / strides[i]!)
      return Math.max(0, (out - 1) * strides[i]! + dilations[i]! * (k - 1) + 1 - size)
    })
    const small = totals.map((t) => Math.floor(t / 2))
    const large = totals.map((t, i) => t - small[i]!)
    pads = auto === 'SAME_UPPER' ? [...small, ...large] : [...large, ...small]
  }
  const lists = [strides, dilations, pads]
  if (
    lists.some(
      (list, i) => list.length !== kernel.length * (i === 2 ? 2 : 1) || list.some((v) => v < (i === 2 ? 0 : 1)),
    )
  ) {
    throw new TacoError(
      'INVALID_MODEL',
      `node '${node.name}' (${node.op}): strides, dilations or pads do not fit its kernel`,
    )
  }
  return { kernel, strides, pads, dilations }
}

/** Spatial sizes of the output: floor (or ceil) of (size + pads − dilation·(kernel − 1) − 1) / stride, plus one. */
export function windowOutput(node: Node, spatial: readonly Dim[], kernel: readonly number[]): Dim[] {
  const { strides, pads, dilations } = windowOf(node, spatial, kernel)
  const ceil = numberAttribute(node, 'ceil_mode', 0) !== 0
  return spatial.map((size, i) => {
    if (typeof size === 'string') return strides[i] === 1 && kernel[i] === 1 ? size : `${node.outputs[0]}.${i + 2}`
    const begin = pads[i]!
    const steps = (size + begin + pads[i + kernel.length]! - dilations[i]! * (kernel[i]! - 1) - 1) / strides[i]!
    let out = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1
    // a window that would begin in the padding at the end is left out
    if (ceil && (out - 1) * strides[i]! >= size + begin) out--
    if (out < 1)
      throw new TacoError(
        'SHAPE_MISMATCH',
        `node '${node.name}' (${node.op}): the input of size ${size} is smaller than the window`,
      )
    return out
  })
}
