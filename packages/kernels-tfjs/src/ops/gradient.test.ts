import * as tf from '@tensorflow/tfjs-core'
import { sparseConv2d, sparseLinear, sparseWeights, type Pad, type SparseWeights } from './index.js'
import { registerDenseGradients } from './testing/dense-gradients.js'
import { difference, onCpu, random, rounding, sparse, useWasm } from './testing/wasm.js'

beforeAll(useWasm)
beforeAll(registerDenseGradients)

type Grads = [x: tf.Tensor, values: tf.Tensor, bias: tf.Tensor]
type Layer = (x: tf.Tensor, weights: SparseWeights, bias: tf.Tensor) => tf.Tensor

/** The gradients by tfjs of ⟨dy, layer⟩. */
const gradients = (layer: Layer, x: tf.Tensor, weights: SparseWeights, bias: tf.Tensor, dy: tf.Tensor): Grads =>
  tf.grads((x: tf.Tensor, _values: tf.Tensor, bias: tf.Tensor) => layer(x, weights, bias))(
    [x, weights.values, bias],
    dy,
  ) as Grads

/** The entries of a dense gradient that belong to weights. */
const atWeights = (gradient: tf.Tensor, weights: SparseWeights): tf.Tensor => {
  const data = gradient.dataSync()
  return tf.tensor1d(Float32Array.from(weights.indices(), (index) => data[index]!))
}

const linear: Layer = (x, weights, bias) => sparseLinear(x, weights, bias)

test.each([0, 0.7, 0.9, 1])('linear at sparsity %d: the gradients of dense layers', async (sparsity) => {
  for (const [positions, inputs, outputs] of [
    [1, 1, 1],
    [19, 6, 9],
    [45, 11, 5],
  ] as const) {
    const [x, w, bias] = [random([positions, inputs]), sparse([inputs, outputs], sparsity), random([outputs], 3)]
    const dy = random([positions, outputs], 4)
    using weights = sparseWeights(w)
    const [dx, dValues, dBias] = gradients(linear, x, weights, bias, dy)
    const [denseX, denseW] = await onCpu(
      () => tf.grads((x: tf.Tensor, w: tf.Tensor) => tf.matMul(x, w))([x, w], dy) as [tf.Tensor, tf.Tensor],
    )
    expect(difference(dx, denseX)).toBeLessThan(rounding)
    expect(difference(dValues, atWeights(denseW, weights))).toBeLessThan(rounding)
    expect(difference(dBias, await onCpu(() => tf.sum(dy, 0)))).toBeLessThan(rounding)
  }
})

test('linear: leading dimensions are positions', () => {
  const [x, w, bias, dy] = [random([2, 3, 4]), sparse([4, 5], 0.5), random([5]), random([2, 3, 5], 4)]
  using weights = sparseWeights(w)
  const [dx, dValues, dBias] = gradients(linear, x, weights, bias, dy)
  expect(dx.shape).toEqual([2, 3, 4])
  const flat = gradients(linear, tf.reshape(x, [6, 4]), weights, bias, tf.reshape(dy, [6, 5]))
  expect(difference(tf.reshape(dx, [6, 4]), flat[0])).toBe(0)
  expect(difference(dValues, flat[1])).toBe(0)
  expect(difference(dBias, flat[2])).toBe(0)
})

type Shape = [number, number, number, number]
const windows: [x: Shape, w: Shape, strides: number | [number, number], pad: Pad, dilations: number][] = [
  [[2, 5, 6, 3], [3, 3, 3, 5], 1, 'same', 1],
  [[1, 7, 5, 4], [3, 2, 4, 4], 2, 'same', 1],
  [[1, 8, 8, 2], [3, 3, 2, 3], 3, 'valid', 1],
  [[2, 5, 5, 3], [1, 1, 3, 4], 2, 'valid', 1],
  [[1, 6, 9, 2], [5, 5, 2, 3], [1, 2], 2, 1],
  [[1, 1, 1, 3], [3, 3, 3, 2], 2, 'same', 1],
  [[1, 9, 7, 2], [3, 3, 2, 3], 1, 'same', 2],
  [[1, 9, 9, 2], [3, 3, 2, 3], 2, 1, 2],
]

test.each(windows.filter(([, , strides, , dilations]) => typeof strides === 'number' && dilations === 1))(
  'convolution of %j by %j, strides %j, pad %j, dilations %j: the gradients of dense layers',
  async (xShape, wShape, strides, pad) => {
    const [x, w, bias] = [random(xShape), sparse(wShape, 0.6), random([wShape[3]], 3)]
    using weights = sparseWeights(w)
    const layer: Layer = (x, weights, bias) => sparseConv2d(x, weights, strides, pad, { bias })
    const dy = random(layer(x, weights, bias).shape, 4)
    const [dx, dValues, dBias] = gradients(layer, x, weights, bias, dy)
    const conv2d = (x: tf.Tensor, w: tf.Tensor): tf.Tensor =>
      tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, pad as 'same')
    const [denseX, denseW] = await onCpu(() => tf.grads(conv2d)([x, w], dy) as [tf.Tensor, tf.Tensor])
    expect(difference(dx, denseX)).toBeLessThan(rounding)
    expect(difference(dValues, atWeights(denseW, weights))).toBeLessThan(rounding)
    expect(difference(dBias, await onCpu(() => tf.sum(dy, [0, 1, 2])))).toBeLessThan(rounding)
  },
)

test.each(windows)(
  'convolution of %j by %j, strides %j, pad %j, dilations %j: finite differences',
  (xShape, wShape, strides, pad, dilations) => {
    const [x, w, bias] = [random(xShape), sparse(wShape, 0.6), random([wShape[3]], 3)]
    using weights = sparseWeights(w)
    const layer: Layer = (x, weights, bias) => sparseConv2d(x, weights, strides, pad, { bias, dilations })
    const dy = random(layer(x, weights, bias).shape, 4)
    const [dx, dValues, dBias] = gradients(layer, x, weights, bias, dy)
    const dot = (a: tf.Tensor, b: tf.Tensor): number => {
      const right = b.dataSync()
      return a.dataSync<'float32'>().reduce((sum, value, i) => sum + value * right[i]!, 0)
    }
    const loss = (x: tf.Tensor, bias: tf.Tensor): number => dot(dy, layer(x, weights, bias))
    /** The layer is linear in each argument, so a step of any length gives the slope, up to rounding. */
    const slope = (at: (step: number) => number): number => (at(1) - at(-1)) / 2
    const ball = Math.sqrt(dot(dy, dy))
    for (let direction = 5; direction < 8; direction++) {
      const ex = random(xShape, direction)
      const byX = slope((step) => loss(tf.add(x, tf.mul(ex, step)), bias))
      expect(Math.abs(dot(dx, ex) - byX)).toBeLessThan(1e-4 * ball)
      const eBias = random([wShape[3]], direction)
      const byBias = slope((step) => loss(x, tf.add(bias, tf.mul(eBias, step))))
      expect(Math.abs(dot(dBias, eBias) - byBias)).toBeLessThan(1e-4 * ball)
      const eValues = random([weights.count], direction)
      const start = weights.values.clone()
      const byValues = slope((step) => {
        weights.values.assign(tf.add(start, tf.mul(eValues, step)) as tf.Tensor1D)
        return loss(x, bias)
      })
      weights.values.assign(start as tf.Tensor1D)
      expect(Math.abs(dot(dValues, eValues) - byValues)).toBeLessThan(1e-4 * ball)
    }
  },
)
