import * as tf from '@tensorflow/tfjs-core'
import { sparseConv2d, sparseLinear, sparseWeights } from './index.js'
import { difference, random, rounding, sparse, useWasm } from './testing/wasm.js'

beforeAll(useWasm)

/** ½ ‖y − target‖², differentiable without tfjs's gradients of its own operators. */
const squaredError = (y: tf.Tensor, target: tf.Tensor): tf.Scalar =>
  tf.customGrad((y, save) => {
    const error = tf.sub(y as tf.Tensor, target)
    ;(save as tf.GradSaveFunc)([error])
    return {
      value: tf.mul(tf.sum(tf.mul(error, error)), 0.5) as tf.Scalar,
      gradFunc: (dy, [error]) => tf.mul(dy as tf.Tensor, error!),
    }
  })(y) as tf.Scalar

/** How many tensors one of tfjs's optimizers never frees, on a variable of its own. */
function keptBy(makeOptimizer: () => tf.Optimizer): number {
  const before = tf.memory().numTensors
  const optimizer = makeOptimizer()
  const one = tf.tensor1d([1])
  const variable = tf.variable(one, true, 'own')
  optimizer.applyGradients({ own: one })
  for (const owned of [one, variable, optimizer]) owned.dispose()
  return tf.memory().numTensors - before
}

test.each([
  ['sgd', () => tf.train.sgd(0.02)],
  ['momentum', () => tf.train.momentum(0.01, 0.5)],
  ['adam', () => tf.train.adam(0.1)],
])('%s finds the weights of a two-layer network, keeps zeros, and leaks nothing', (_name, makeOptimizer) => {
  const kept = keptBy(makeOptimizer)
  const before = tf.memory().numTensors
  const x = random([3, 6, 5, 2])
  const [filter, matrix] = [sparse([3, 3, 2, 4], 0.5), sparse([4, 3], 0.3)]
  const conv = sparseWeights(filter)
  const fc = sparseWeights(matrix)
  const network = (): tf.Tensor => sparseLinear(sparseConv2d(x, conv, 2, 'same'), fc)
  const target = tf.tidy(network)
  const start = tf.tidy(() => tf.add(conv.values, tf.mul(random([conv.count], 7), 0.3)) as tf.Tensor1D)
  conv.values.assign(start)
  const optimizer = makeOptimizer()
  const losses: number[] = []
  let tensors = 0
  for (let step = 0; step < 60; step++) {
    const loss = optimizer.minimize(() => squaredError(network(), target), true)!
    losses.push(loss.dataSync()[0]!)
    loss.dispose()
    // what is derived from the patterns, and the optimizer's own state, are made in the first step
    if (step === 0) tensors = tf.memory().numTensors
    expect(tf.memory().numTensors).toBe(tensors)
  }
  expect(losses.at(-1)).toBeLessThan(losses[0]! / 10)
  const dense = conv.toDense()
  const [now, then] = [dense.dataSync(), filter.dataSync()]
  expect(now.filter((value, i) => value !== 0 && then[i] === 0)).toHaveLength(0)
  dense.dispose()
  optimizer.dispose()
  for (const owned of [x, filter, matrix, target, start, conv, fc]) owned.dispose()
  expect(tf.memory().numTensors).toBe(before + kept)
})

test('variableGrads names the values; weights that are not trainable are left out', () => {
  const [x, w] = [random([4, 3]), sparse([3, 2], 0.4)]
  using fixed = sparseWeights(w, { trainable: false })
  using weights = sparseWeights(w, { name: 'head' })
  const loss = (): tf.Scalar => squaredError(sparseLinear(x, weights), tf.zeros([4, 2]))
  const { grads } = tf.variableGrads(loss)
  expect(Object.keys(grads)).toEqual(['head'])
  expect(grads.head!.shape).toEqual([weights.count])
  expect(() => tf.variableGrads(() => squaredError(sparseLinear(x, fixed), tf.zeros([4, 2])), [fixed.values])).toThrow(
    /trainable/,
  )
})

test('a mask keeps weights that are zero, so that they can be trained', () => {
  const w = tf.tensor2d([0, 2, 0, 0, 0, 0], [3, 2])
  const mask = tf.tensor2d([1, 1, 0, 0, 0, 1], [3, 2])
  using weights = sparseWeights(w, { mask })
  expect(Array.from(weights.indices())).toEqual([0, 1, 5])
  expect(Array.from(weights.values.dataSync())).toEqual([0, 2, 0])
  weights.values.assign(tf.tensor1d([5, 6, 7]))
  expect(Array.from(weights.toDense().dataSync())).toEqual([5, 6, 0, 0, 0, 7])
  const y = sparseLinear(tf.tensor2d([1, 10, 100], [1, 3]), weights)
  expect(difference(y, tf.tensor2d([5, 706], [1, 2]))).toBeLessThan(rounding)
})
