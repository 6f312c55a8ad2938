import * as tf from '@tensorflow/tfjs-core'
import { sparseLinear, sparseWeights } from './index.js'
import { difference, onCpu, random, rounding, sparse, useWasm } from './testing/wasm.js'

beforeAll(useWasm)

const dense = (x: tf.Tensor, w: tf.Tensor, bias?: tf.Tensor): Promise<tf.Tensor> =>
  onCpu(() => {
    const y = tf.matMul(tf.reshape(x, [-1, w.shape[0]!]), w)
    return tf.reshape(bias ? tf.add(y, bias) : y, [...x.shape.slice(0, -1), w.shape[1]!])
  })

test.each([0, 0.5, 0.8, 0.9, 0.95, 1])('sparsity %d is the dense product', async (sparsity) => {
  const [x, w, bias] = [random([37, 21]), sparse([21, 10], sparsity), random([10], 3)]
  using weights = sparseWeights(w)
  if (sparsity === 0) expect(weights.count).toBe(210)
  if (sparsity === 1) expect(weights.count).toBe(0)
  expect(difference(sparseLinear(x, weights), await dense(x, w))).toBeLessThan(rounding)
  expect(difference(sparseLinear(x, weights, bias), await dense(x, w, bias))).toBeLessThan(rounding)
})

// tiles of 32, 24, 16 and 8 positions, full and not
test.each([1, 4, 8, 9, 16, 17, 23, 25, 32, 33, 64, 67])('%d positions', async (positions) => {
  for (const [inputs, outputs] of [
    [1, 1],
    [3, 5],
    [16, 4],
    [7, 9],
  ] as const) {
    const [x, w] = [random([positions, inputs]), sparse([inputs, outputs], 0.6)]
    using weights = sparseWeights(w)
    expect(difference(sparseLinear(x, weights), await dense(x, w))).toBeLessThan(rounding)
  }
})

test.each([[[6]], [[2, 6]], [[2, 3, 6]], [[2, 1, 3, 6]], [[0, 6]], [[2, 0, 6]]])('x of shape %j', async (shape) => {
  const [x, w] = [random(shape), sparse([6, 4], 0.5)]
  using weights = sparseWeights(w)
  expect(difference(sparseLinear(x, weights), await dense(x, w))).toBeLessThan(rounding)
})

test('the values of the moment count, on whichever backend x and the weights were made', async () => {
  const [x, w] = await onCpu(() => [random([5, 6]), sparse([6, 4], 0.5)] as const)
  using weights = await onCpu(() => sparseWeights(w))
  weights.values.assign(tf.mul(weights.values, 2) as tf.Tensor1D)
  expect(difference(sparseLinear(x, weights), await dense(x, tf.mul(w, 2)))).toBeLessThan(rounding)
})
