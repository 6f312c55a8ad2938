import * as tf from '@tensorflow/tfjs-core'

type Attributes = Record<string, unknown>
const run = (name: string, inputs: tf.NamedTensorMap, attrs: Attributes): tf.Tensor =>
  tf.engine().runKernel(name, inputs, attrs as unknown as tf.NamedAttrMap) as tf.Tensor

/** Gives tfjs's dense matMul and conv2d their gradients, which its core leaves to another entry point. */
export function registerDenseGradients(): void {
  tf.registerGradient({
    kernelName: 'BatchMatMul',
    inputsToSave: ['a', 'b'],
    gradFunc: (dy, [a, b]) => ({
      a: () => tf.matMul(dy as tf.Tensor, b!, false, true),
      b: () => tf.matMul(a!, dy as tf.Tensor, true, false),
    }),
  })
  tf.registerGradient({
    kernelName: 'Conv2D',
    inputsToSave: ['x', 'filter'],
    gradFunc: (gradient, [x, filter], attrs) => {
      const dy = gradient as tf.Tensor
      const { strides, pad, dataFormat, dimRoundingMode } = attrs as unknown as Attributes
      const shared = { strides, pad, dataFormat, dimRoundingMode }
      return {
        x: () => run('Conv2DBackpropInput', { dy, filter: filter! }, { ...shared, inputShape: x!.shape }),
        filter: () => run('Conv2DBackpropFilter', { x: x!, dy }, { ...shared, filterShape: filter!.shape }),
      }
    },
  })
}
