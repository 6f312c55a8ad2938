import { TacoError } from '@tacojs/errors'
import type { Tensor } from '@tensorflow/tfjs-core'
import { kernelsOf, wasmBackend } from './instance.js'
import type { SparseWeights } from './weights.js'

const show = ({ dtype, shape }: Tensor): string => `${dtype} [${shape.join(', ')}]`

/**
 * Throws what a caller of `sparseLinear` and `sparseConv2d` may have overlooked; `ranks` are those of the weights and
 * of x.
 */
export function checkCall(
  caller: string,
  x: Tensor,
  weights: SparseWeights,
  bias: Tensor | undefined,
  ranks: { readonly weights: number; readonly x: readonly number[] | 'any' },
): void {
  if (!kernelsOf(wasmBackend(caller))) {
    throw new TacoError('NOT_FOUND', `${caller}: no kernels on this backend; await registerSparseKernels() first`)
  }
  weights.assertAlive(caller)
  const { shape } = weights
  if (shape.length !== ranks.weights) {
    throw new TacoError('SHAPE_MISMATCH', `${caller}: weights [${shape.join(', ')}] are of rank ${ranks.weights}`)
  }
  const [inputs, outputs] = shape.slice(-2)
  const fits = x.rank > 0 && x.shape[x.rank - 1] === inputs && (ranks.x === 'any' || ranks.x.includes(x.rank))
  if (x.dtype !== 'float32' || !fits) {
    throw new TacoError('SHAPE_MISMATCH', `${caller}: x ${show(x)} does not fit weights [${shape.join(', ')}]`)
  }
  if (bias && (bias.dtype !== 'float32' || bias.shape.join() !== `${outputs}`)) {
    throw new TacoError('SHAPE_MISMATCH', `${caller}: bias ${show(bias)} is not float32 [${outputs}]`)
  }
}
