import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'
import {
  convolve,
  forwardPlanOf,
  gradientOfBias,
  gradientOfInput,
  gradientOfValues,
  inputPhasesOf,
  type Convolution,
} from './convolution.js'
import { load } from './instance.js'

const names = {
  forward: 'TacoSparseConv2D',
  input: 'TacoSparseConv2DBackpropInput',
  values: 'TacoSparseConv2DBackpropValues',
  bias: 'TacoSparseConv2DBackpropBias',
}

type Inputs = Record<string, tf.Tensor>

interface Kernel {
  /** Puts on the device what stays there: inside of a kernel, tfjs would take it for a leak. */
  readonly prepare?: (convolution: Convolution) => unknown
  readonly run: (backend: BackendWasm, convolution: Convolution, inputs: tf.NamedTensorInfoMap) => tf.TensorInfo
}

const kernels: Readonly<Record<string, Kernel>> = {
  [names.forward]: {
    prepare: forwardPlanOf,
    run: (backend, convolution, { x, values, bias }) => convolve(backend, convolution, x!, values!, bias),
  },
  [names.input]: {
    prepare: inputPhasesOf,
    run: (backend, convolution, { dy, values }) => gradientOfInput(backend, convolution, dy!, values!),
  },
  [names.values]: {
    prepare: forwardPlanOf,
    run: (backend, convolution, { dy, x }) => gradientOfValues(backend, convolution, dy!, x!),
  },
  [names.bias]: { run: (backend, convolution, { dy }) => gradientOfBias(backend, convolution, dy!) },
}

function runKernel(name: string, inputs: Inputs, convolution: Convolution): tf.Tensor {
  kernels[name]!.prepare?.(convolution)
  // tfjs hands attributes through as they are, though its type knows plain data only
  return tf.engine().runKernel(name, inputs, { convolution } as unknown as tf.NamedAttrMap) as tf.Tensor
}

/** Runs the convolution through tfjs, so that it is recorded for gradients. */
export const runConvolution = (
  convolution: Convolution,
  inputs: { x: tf.Tensor; values: tf.Tensor; bias?: tf.Tensor },
): tf.Tensor => runKernel(names.forward, inputs as Inputs, convolution)

const convolutionOf = (attrs: tf.NamedAttrMap | undefined): Convolution =>
  (attrs as unknown as { convolution: Convolution }).convolution

/**
 * Makes `sparseLinear` and `sparseConv2d` run on tfjs's wasm backend, gradients included; again after that backend was
 * removed and made anew. Throws UNSUPPORTED when 'wasm' is not tfjs's current backend, or without SIMD.
 */
export async function registerSparseKernels(): Promise<void> {
  await load('registerSparseKernels')
  for (const [kernelName, { run }] of Object.entries(kernels)) {
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
