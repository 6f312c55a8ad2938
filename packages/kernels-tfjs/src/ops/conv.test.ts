import * as tf from '@tensorflow/tfjs-core'
import { sparseConv2d, sparseWeights, type Pad } from './index.js'
import { difference, onCpu, random, rounding, sparse, useWasm } from './testing/wasm.js'

beforeAll(useWasm)

interface Case {
  readonly x: [number, number, number, number]
  /** [kernelHeight, kernelWidth, in, out] */
  readonly w: [number, number, number, number]
  readonly strides?: number | [number, number]
  readonly pad?: Pad
  readonly dilations?: number | [number, number]
}

const cases: Case[] = [
  { x: [1, 8, 8, 4], w: [3, 3, 4, 8] },
  { x: [7, 5, 6, 3], w: [3, 3, 3, 5] },
  { x: [2, 9, 11, 5], w: [3, 3, 5, 6], strides: 2 },
  { x: [1, 9, 7, 2], w: [3, 2, 2, 3], strides: [3, 1], pad: 'valid' },
  { x: [1, 10, 10, 3], w: [7, 7, 3, 4], strides: 2, pad: 3 },
  { x: [2, 6, 7, 4], w: [1, 1, 4, 4], strides: 2, pad: 'valid' },
  { x: [1, 9, 8, 3], w: [3, 3, 3, 4], dilations: 2 },
  { x: [1, 9, 8, 3], w: [2, 3, 3, 4], dilations: [1, 3], pad: 'valid' },
  {
    x: [2, 5, 4, 3],
    w: [2, 2, 3, 2],
    pad: [
      [0, 0],
      [2, 1],
      [0, 3],
      [0, 0],
    ],
  },
  { x: [1, 1, 1, 6], w: [3, 3, 6, 2] },
  { x: [0, 4, 4, 2], w: [3, 3, 2, 2] },
]

const dense = (x: tf.Tensor, w: tf.Tensor, { strides = 1, pad = 'same', dilations = 1 }: Case): Promise<tf.Tensor> =>
  onCpu(() => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, pad as 'same', 'NHWC', dilations))

test.each(cases)('%j is tf.conv2d', async (c) => {
  const { strides = 1, pad = 'same', dilations = 1 } = c
  const [x, w, bias] = [random(c.x), sparse(c.w, 0.6), random([c.w[3]], 3)]
  using weights = sparseWeights(w)
  const expected = await dense(x, w, c)
  expect(difference(sparseConv2d(x, weights, strides, pad, { dilations }), expected)).toBeLessThan(rounding)
  const biased = sparseConv2d(x, weights, strides, pad, { dilations, bias })
  expect(difference(biased, tf.add(expected, bias))).toBeLessThan(rounding)
})

test.each([0, 0.5, 0.8, 0.9, 0.95, 1])('sparsity %d', async (sparsity) => {
  const [x, w] = [random([2, 6, 7, 9]), sparse([3, 3, 9, 7], sparsity)]
  using weights = sparseWeights(w)
  const y = sparseConv2d(x, weights, 1, 'same')
  expect(difference(y, await dense(x, w, cases[0]!))).toBeLessThan(rounding)
})

test('strides together with dilations keep every second position of the dilated convolution', async () => {
  const [x, w] = [random([1, 11, 9, 3]), sparse([3, 3, 3, 4], 0.5)]
  using weights = sparseWeights(w)
  const all = await dense(x, w, { x: [1, 11, 9, 3], w: [3, 3, 3, 4], pad: 1, dilations: 2 })
  const kept = await onCpu(() => tf.stridedSlice(all, [0, 0, 0, 0], all.shape, [1, 2, 2, 1]))
  expect(difference(sparseConv2d(x, weights, 2, 1, { dilations: 2 }), kept)).toBeLessThan(rounding)
})

test('an image without batch gives one', () => {
  const w = sparse([3, 3, 2, 3], 0.5)
  using weights = sparseWeights(w)
  const x = random([5, 4, 2])
  const y = sparseConv2d(x, weights, 1, 'same')
  expect(difference(tf.expandDims(y, 0), sparseConv2d(tf.expandDims(x, 0), weights, 1, 'same'))).toBe(0)
})
