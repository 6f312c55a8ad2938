import { stringAttribute } from '@tacojs/graph'
import { type KernelTable } from '../kernel.js'
import { polynomial } from './polynomial.js'
import { elementwise } from './unary.js'

/**
 * ln(Φ(x) / Φ(−x)) / x as a polynomial in x², so that Φ(x) = sigmoid(x·P(x²)): our own minimax fit on |x| ≤ 5.8 of the
 * error of x·Φ(x), which stays below 7e-8 in exact arithmetic, on all of the line. tfjs's erf is off by 1.5e-7 and its
 * wasm engine takes 14 times as long for it as for a sigmoid.
 */
const logitOfPhi = [
  1.5957684315282192, 0.07266856883765861, -6.62613781779414e-5, -1.1047986982860187e-4, 7.938152239236843e-6,
  -2.6688830089500636e-7, 3.6111216387980616e-9,
]

/** √(2/π)·(x + 0.044715·x³), doubled: (1 + tanh(y)) / 2 = sigmoid(2y). Hendrycks and Gimpel 2016. */
const tanhForm = [2 * Math.sqrt(2 / Math.PI), 2 * Math.sqrt(2 / Math.PI) * 0.044715]

export const geluKernels: KernelTable = {
  Gelu: elementwise((tf, x, node) => {
    const coefficients = stringAttribute(node, 'approximate', 'none') === 'tanh' ? tanhForm : logitOfPhi
    return tf.mul(x, tf.sigmoid(tf.mul(x, polynomial(tf, tf.square(x), coefficients))))
  }),
}
