import { row, type Call, type Kernel, type KernelTable } from '../kernel.js'
import { nhwcValue, rowValue, type Tf, type TfTensor } from '../value.js'
import { polynomial } from './polynomial.js'
import { castTarget, numberAttribute, type Node } from '@tacojs/graph'

/** A kernel that works on each element by itself, so it keeps whatever layout the value has. */
export function elementwise(f: (tf: Tf, x: TfTensor, node: Node) => TfTensor): Kernel {
  return {
    run(call: Call) {
      const x = call.inputs[0]!
      if (x.layout === 'nhwc') return nhwcValue(f(call.tf, x.tensor!, call.node))
      return rowValue(f(call.tf, row(call, 0), call.node))
    },
  }
}

/** tf.clipByValue, which on the wasm engine gives a bound for NaN. */
export const clipped = (tf: Tf, x: TfTensor, low: number, high: number): TfTensor =>
  tf.where(tf.isNaN(x), x, tf.clipByValue(x, low, high))

export const unaryKernels: KernelTable = {
  Abs: elementwise((tf, x) => tf.abs(x)),
  Neg: elementwise((tf, x) => tf.neg(x)),
  Sqrt: elementwise((tf, x) => tf.sqrt(x)),
  Exp: elementwise((tf, x) => tf.exp(x)),
  Log: elementwise((tf, x) => tf.log(x)),
  Erf: elementwise((tf, x) => tf.erf(x)),
  Tanh: elementwise((tf, x) => tf.tanh(x)),
  Sigmoid: elementwise((tf, x) => tf.sigmoid(x)),
  Relu: elementwise((tf, x) => tf.relu(x)),
  LeakyRelu: elementwise((tf, x, node) => tf.leakyRelu(x, numberAttribute(node, 'alpha', 0.01))),
  Elu: elementwise((tf, x, node) => {
    const alpha = numberAttribute(node, 'alpha', 1)
    return alpha === 1 ? tf.elu(x) : tf.add(tf.relu(x), tf.mul(alpha, tf.expm1(tf.neg(tf.relu(tf.neg(x))))))
  }),
  Selu: elementwise((tf, x, node) => {
    const alpha = numberAttribute(node, 'alpha', 1.67326319217681884765625)
    const gamma = numberAttribute(node, 'gamma', 1.05070102214813232421875)
    return tf.mul(gamma, tf.add(tf.relu(x), tf.mul(alpha, tf.expm1(tf.neg(tf.relu(tf.neg(x)))))))
  }),
  HardSigmoid: elementwise((tf, x, node) =>
    clipped(tf, tf.add(tf.mul(x, numberAttribute(node, 'alpha', 0.2)), numberAttribute(node, 'beta', 0.5)), 0, 1),
  ),
  HardSwish: elementwise((tf, x) => tf.mul(x, tf.clipByValue(tf.add(tf.mul(x, 1 / 6), 0.5), 0, 1))),
  Softplus: elementwise(softplus),
  Softsign: elementwise((tf, x) => tf.div(x, tf.add(tf.abs(x), 1))),
  Mish: elementwise((tf, x) => tf.mul(x, tf.tanh(softplus(tf, x)))),
  Reciprocal: elementwise((tf, x) => tf.div(1, x)),
  Floor: elementwise((tf, x) => tf.floor(x)),
  Ceil: elementwise((tf, x) => tf.ceil(x)),
  Round: elementwise((tf, x) => tf.round(x)),
  Sign: elementwise((tf, x) => tf.sign(x)),
  Sin: elementwise((tf, x) => tf.sin(x)),
  Cos: elementwise((tf, x) => tf.cos(x)),
  Identity: elementwise((_tf, x) => x),
  Cast: {
    ...elementwise((_tf, x) => x),
    device: ([dtype], node) => dtype === 'float32' && castTarget(node) === 'float32',
  },
}

/** 2·artanh(s) / s in s²: enough terms for s ≤ 1/3. */
const artanh = [2, 2 / 3, 2 / 5, 2 / 7, 2 / 9, 2 / 11, 2 / 13, 2 / 15]

/**
 * log(1 + eˣ) without overflow: max(x, 0) + log(1 + u), u = e^−|x|. The logarithm is 2·artanh(u / (2 + u)), because
 * the wasm engine's log1p is as inexact as log(1 + u) for small u.
 */
function softplus(tf: Tf, x: TfTensor): TfTensor {
  const u = tf.exp(tf.neg(tf.abs(x)))
  const s = tf.div(u, tf.add(u, 2))
  return tf.add(tf.relu(x), tf.mul(s, polynomial(tf, tf.square(s), artanh)))
}
