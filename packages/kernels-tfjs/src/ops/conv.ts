import type { Tensor } from '@tensorflow/tfjs-core'
import { checkCall } from './check.js'
import { runConvolution } from './register.js'
import type { SparseWeights } from './weights.js'
import { windowOver, type Pad } from './window.js'

export interface SparseConv2dOptions {
  /** 1 unless given; strides and dilations may be combined. */
  readonly dilations?: number | readonly [number, number]
  /** [out] */
  readonly bias?: Tensor
}

/**
 * tf.conv2d with sparse weights: x [batch, height, width, in], or without batch, by W [kernelHeight, kernelWidth, in, out].
 * Differentiable in x, in the weights' values and in the bias. Throws UNSUPPORTED on another tfjs backend than wasm,
 * NOT_FOUND before `registerSparseKernels`, SHAPE_MISMATCH, INVALID_ARGUMENT (strides, pad, dilations), DISPOSED.
 */
export function sparseConv2d(
  x: Tensor,
  weights: SparseWeights,
  strides: number | readonly [number, number],
  pad: Pad,
  { dilations = 1, bias }: SparseConv2dOptions = {},
): Tensor {
  checkCall('sparseConv2d', x, weights, bias, { weights: 4, x: [3, 4] })
  const [height, width] = x.shape.slice(-3) as [number, number]
  const batch = x.shape.slice(0, -3)
  const [kernelHeight, kernelWidth, , outputs] = weights.shape as [number, number, number, number]
  const inSize = [height, width] as const
  const { window, size } = windowOver(inSize, [kernelHeight, kernelWidth], strides, dilations, pad)
  const outShape = [...batch, ...size, outputs]
  return runConvolution(
    { weights, window, images: batch[0] ?? 1, inSize, outSize: size, inShape: x.shape, outShape },
    { x, values: weights.values, ...(bias && { bias }) },
  )
}
