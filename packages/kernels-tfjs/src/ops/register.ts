import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'
import { convolve, gradientOfBias, gradientOfInput, gradientOfValues, type Convolution } from './convolution.js'
import { load } from './instance.js'

const names = {
  forward: 'TacoSparseConv2D',
  input: 'TacoSparseConv2DBackpropInput',
  values: 'TacoSparseConv2DBackpropValues',
  bias: 'TacoSparseConv2DBackpropBias',
}

type Inputs = Record<string, tf.Tensor>

function runKernel(name: string, inputs: Inputs, convolution: Convolution): tf.Tensor {
  // tfjs hands attributes through as they are, though its type knows plain data only
  return tf.engine().runKernel(name, inputs, { convolution } as unknown as tf.NamedAttrMap) as tf.Tensor
}

/** Runs the convolution through tfjs, so that it is recorded for gradients. */
export const runConvolution = (
  convolution: Convolution,
  inputs: { x: tf.Tensor; values: tf.Tensor; bias?: tf.Tensor },
): tf.Tensor => runKernel(names.forward, inputs as Inputs, convolution)

type Run = (backend: BackendWasm, convolution: Convolution, inputs: tf.NamedTensorInfoMap) => tf.TensorInfo

const kernels: Readonly<Record<string, Run>> = {
  [names.forward]: (backend, convolution, { x, values, bias }) => convolve(backend, convolution, x!, values!, bias),
  [names.input]: (backend, convolution, { dy, values }) => gradientOfInput(backend, convolution, dy!, values!),
  [names.values]: (backend, convolution, { dy, x }) => gradientOfValues(backend, convolution, dy!, x!),
  [names.bias]: (backend, convolution, { dy }) => gradientOfBias(backend, convolution, dy!),
}

const convolutionOf = (attrs: tf.NamedAttrMap | undefined): Convolution =>
  (attrs as unknown as { convolution: Convolution }).convolution

/**
 * Makes `sparseLinear` and `sparseConv2d` run on tfjs's wasm backend, gradients included; again after that backend was
 * removed and made anew. Throws UNSUPPORTED when 'wasm' is not tfjs's current backend, or without SIMD.
 */
export async function registerSparseKernels(): Promise<void> {
  await load('registerSparseKernels')
  for (const [kernelName, run] of Object.entries(kernels)) {
    if (tf.getKernel(kernelName, 'wasm')) continue
    tf.registerKernel({
      kernelName,
      backendName: 'wasm',
      kernelFunc: ({ inputs, backend, attrs }) => run(backend as BackendWasm, convolutionOf(attrs), inputs),
    })
  }
  if (tf.getGradient(names.forward)) return
  tf.registerGradient({
    kernelName: names.forward,
    inputsToSave: ['x', 'values'],
    gradFunc: (dy, [x, values], attrs) => {
      const convolution = convolutionOf(attrs)
      const given = dy as tf.Tensor
      return {
        x: () => runKernel(names.input, { dy: given, values: values! }, convolution),
        values: () => runKernel(names.values, { dy: given, x: x! }, convolution),
        bias: () => runKernel(names.bias, { dy: given }, convolution),
      }
    },
  })
}
