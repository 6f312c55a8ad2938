import * as tf from '@tensorflow/tfjs-core'
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import { registerFastMatMul, sparseConv2d, sparseLinear, sparseWeights, type SparseWeights } from './index.js'
import { memoryOf } from './instance.js'
import { difference, random, sparse, useWasm } from './testing/wasm.js'

beforeAll(useWasm)

const use = (): tf.Tensor[] => {
  const [x, w] = [random([2, 6, 5, 3]), sparse([3, 3, 3, 4], 0.5)]
  using weights = sparseWeights(w)
  const y = sparseConv2d(x, weights, 2, 'same', { bias: random([4]) })
  return [y, ...tf.grads((x: tf.Tensor) => sparseConv2d(x, weights, 2, 'same'))([x, weights.values], y)]
}

test('nothing is left after dispose, in tfjs’s count and in the backend’s', () => {
  const backend = tf.backend() as BackendWasm
  // makes tfjs look for buffers that a kernel leaves behind, besides its result
  tf.env().set('IS_TEST', true)
  tf.tidy(() => void use())
  const [tensors, bytes, buffers] = [tf.memory().numTensors, tf.memory().numBytes, backend.numDataIds()]
  tf.tidy(() => void use())
  expect([tf.memory().numTensors, tf.memory().numBytes, backend.numDataIds()]).toEqual([tensors, bytes, buffers])
})

test('weights made in a tidy stay, with what is derived from them', () => {
  const [x, w] = [random([5, 4]), sparse([4, 3], 0.5)]
  const weights: SparseWeights[] = []
  tf.tidy(() => {
    weights.push(sparseWeights(w))
    sparseLinear(x, weights[0]!)
  })
  const before = tf.memory().numTensors
  tf.tidy(() => void sparseLinear(x, weights[0]!))
  expect(tf.memory().numTensors).toBe(before)
  weights[0]!.dispose()
  weights[0]!.dispose()
  // the values and the plan
  expect(tf.memory().numTensors).toBe(before - 2)
})

test('results are the same after tfjs’s memory grew', async () => {
  const [x, w, a] = [random([40, 20]), sparse([20, 30], 0.8), random([3, 17, 9])]
  using weights = sparseWeights(w)
  const restore = await registerFastMatMul()
  const run = (): tf.Tensor[] => [
    sparseLinear(x, weights),
    ...tf.grads((x: tf.Tensor) => sparseLinear(x, weights))([x, weights.values], sparseLinear(x, weights)),
    tf.matMul(a, a, false, true),
  ]
  const first = run()
  const memory = memoryOf(tf.backend() as BackendWasm)
  const { buffer } = memory
  const large = tf.zeros([buffer.byteLength / 4])
  expect(memory.buffer).not.toBe(buffer)
  run().forEach((tensor, i) => expect(difference(tensor, first[i]!)).toBe(0))
  large.dispose()
  restore()
})

test('a full memory is a typed error, and the next call works', () => {
  const wasm = (tf.backend() as BackendWasm).wasm as unknown as { _malloc(bytes: number): number }
  const malloc = wasm._malloc
  const [x, w] = [random([5, 4]), sparse([4, 3], 0.5)]
  using weights = sparseWeights(w)
  const y = sparseLinear(x, weights)
  const before = tf.backend().numDataIds()
  // fails at the first, then at the second allocation of a call: the result, then the scratch memory
  for (const succeed of [0, 1]) {
    let calls = 0
    wasm._malloc = (bytes) => (calls++ < succeed ? malloc(bytes) : 0)
    try {
      expect(() => sparseLinear(x, weights)).toThrow(expect.objectContaining({ code: 'OUT_OF_MEMORY' }))
    } finally {
      wasm._malloc = malloc
    }
  }
  expect(tf.backend().numDataIds()).toBe(before)
  expect(difference(sparseLinear(x, weights), y)).toBe(0)
})
