import { numberAttribute, type DType } from '@tacojs/graph'
import { type Kernel, type KernelTable } from '../kernel.js'
import type { Tf, TfTensor } from '../value.js'
import { broadcasting } from './broadcast.js'

type Binary = (tf: Tf, a: TfTensor, b: TfTensor) => TfTensor

const allFloat = (dtypes: readonly (DType | undefined)[]): boolean => dtypes.every((d) => d === 'float32')

/** Applies `f` to the inputs from left to right. */
const fold = (f: Binary): Kernel => ({
  device: allFloat,
  run: (call) => broadcasting(call, (tensors) => tensors.reduce((a, b) => f(call.tf, a, b))),
})

const mean: Kernel = {
  device: allFloat,
  run: (call) =>
    broadcasting(call, ([first, ...rest]) => {
      const sum = rest.reduce((a, b) => call.tf.add(a, b), first!)
      return call.tf.div(sum, call.inputs.length)
    }),
}

const mod: Kernel = {
  device: allFloat,
  run: (call) =>
    broadcasting(call, ([a, b]) => {
      const { tf } = call
      if (numberAttribute(call.node, 'fmod', 0) === 0) return tf.mod(a!, b!)
      // fmod has the sign of the dividend, tfjs's mod that of the divisor.
      return tf.mul(tf.sign(a!), tf.mod(tf.abs(a!), tf.abs(b!)))
    }),
}

export const binaryKernels: KernelTable = {
  Add: fold((tf, a, b) => tf.add(a, b)),
  Sub: fold((tf, a, b) => tf.sub(a, b)),
  Mul: fold((tf, a, b) => tf.mul(a, b)),
  Div: fold((tf, a, b) => tf.div(a, b)),
  // The exponent may be of any type.
  Pow: { ...fold((tf, a, b) => tf.pow(a, tf.cast(b, 'float32'))), device: ([base]) => base === 'float32' },
  Mod: mod,
  Min: fold((tf, a, b) => tf.minimum(a, b)),
  Max: fold((tf, a, b) => tf.maximum(a, b)),
  Sum: fold((tf, a, b) => tf.add(a, b)),
  Mean: mean,
  PRelu: fold((tf, x, slope) => tf.sub(tf.relu(x), tf.mul(slope, tf.relu(tf.neg(x))))),
}
