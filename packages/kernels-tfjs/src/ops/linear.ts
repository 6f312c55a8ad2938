import type { Tensor } from '@tensorflow/tfjs-core'
import { checkCall } from './check.js'
import { runConvolution } from './register.js'
import type { SparseWeights } from './weights.js'

const window = { strides: [1, 1], dilations: [1, 1], pads: [0, 0] } as const

/**
 * x [..., in] · W [in, out] + bias [out], which is [..., out]; differentiable in x, in the weights' values and in the bias.
 * Throws UNSUPPORTED on another tfjs backend than wasm, NOT_FOUND before `registerSparseKernels`, SHAPE_MISMATCH, DISPOSED.
 */
export function sparseLinear(x: Tensor, weights: SparseWeights, bias?: Tensor): Tensor {
  checkCall('sparseLinear', x, weights, bias, { weights: 2, x: 'any' })
  const outer = x.shape.slice(0, -1)
  // one image whose pixels are the positions
  const size = [1, outer.reduce((a, b) => a * b, 1)] as const
  const outShape = [...outer, weights.shape[1]!]
  return runConvolution(
    { weights, window, images: 1, inSize: size, outSize: size, inShape: x.shape, outShape },
    { x, values: weights.values, ...(bias && { bias }) },
  )
}
