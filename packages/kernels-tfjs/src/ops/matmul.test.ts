import * as tf from '@tensorflow/tfjs-core'
import { registerFastMatMul } from './index.js'
import { difference, onCpu, random, rounding, useWasm } from './testing/wasm.js'

let restore: () => void
beforeAll(useWasm)
beforeEach(async () => {
  restore = await registerFastMatMul()
})
afterEach(() => restore())

const flags = [false, true]
const operand = (batch: number[], rows: number, columns: number, transposed: boolean, seed: number): tf.Tensor =>
  random([...batch, ...(transposed ? [columns, rows] : [rows, columns])], seed)

test.each([
  [1, 1, 1],
  [5, 7, 9],
  [4, 8, 8],
  [17, 3, 2],
  [2, 2, 17],
  [99, 5, 8],
  [6, 321, 11],
])('%d × %d × %d, every transposition, equals tfjs’s cpu backend', async (m, k, n) => {
  for (const transposeA of flags) {
    for (const transposeB of flags) {
      const a = operand([], m, k, transposeA, 1)
      const b = operand([], k, n, transposeB, 2)
      const expected = await onCpu(() => tf.matMul(a, b, transposeA, transposeB))
      expect(difference(tf.matMul(a, b, transposeA, transposeB), expected)).toBeLessThan(rounding)
    }
  }
})

test.each([
  [[3], [3]],
  [[3], [1]],
  [[], [4]],
  [
    [2, 1],
    [1, 3],
  ],
  [
    [2, 3],
    [2, 3],
  ],
  [[3], [2, 3]],
])('batches %j and %j', async (batchA, batchB) => {
  for (const transposeA of flags) {
    for (const transposeB of flags) {
      const a = operand(batchA, 5, 6, transposeA, 1)
      const b = operand(batchB, 6, 7, transposeB, 2)
      const expected = await onCpu(() => {
        const batch = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB)
        const size = batch.reduce((x, y) => x * y, 1)
        const spread = (t: tf.Tensor): tf.Tensor =>
          tf.reshape(tf.broadcastTo(t, [...batch, ...t.shape.slice(-2)]), [size, ...t.shape.slice(-2)])
        return tf.reshape(tf.matMul(spread(a), spread(b), transposeA, transposeB), [...batch, 5, 7])
      })
      expect(difference(tf.matMul(a, b, transposeA, transposeB), expected)).toBeLessThan(rounding)
    }
  }
})

test.each(['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu', 'prelu'] as const)(
  'fused with bias and %s',
  async (activation) => {
    const [a, b, bias, preluActivationWeights] = [
      random([2, 6, 5]),
      random([2, 7, 5], 2),
      random([7], 3),
      random([7], 4),
    ]
    const options = { a, b, bias, preluActivationWeights, leakyreluAlpha: 0.3, transposeB: true, activation }
    const expected = await onCpu(() => tf.fused.matMul(options))
    const before = tf.memory().numTensors
    const y = tf.tidy(() => tf.fused.matMul(options))
    expect(difference(y, expected)).toBeLessThan(rounding)
    expect(tf.memory().numTensors).toBe(before + 1)
  },
)

test('everything else is tfjs’s own, and restoring brings its kernels back', () => {
  const replaced = tf.getKernel('BatchMatMul', 'wasm')
  restore()
  const own = tf.getKernel('BatchMatMul', 'wasm')
  expect(own).not.toBe(replaced)
  const called: unknown[] = []
  tf.unregisterKernel('BatchMatMul', 'wasm')
  tf.registerKernel({
    ...own,
    kernelFunc: (call) => {
      called.push(call)
      return own.kernelFunc(call)
    },
  })
  return registerFastMatMul().then((undo) => {
    const [a, b] = [random([4, 5]), random([5, 6], 2)]
    tf.matMul(a, b)
    expect(called).toHaveLength(1)
    tf.matMul(a, a, false, true)
    tf.matMul(tf.stack([a, a]), b)
    expect(called).toHaveLength(1)
    undo()
    tf.matMul(a, a, false, true)
    expect(called).toHaveLength(2)
  })
})

test('leaves no tensor behind', () => {
  const [a, b] = [random([3, 4, 5]), random([3, 6, 5], 2)]
  const before = [tf.memory().numTensors, tf.memory().numBytes]
  tf.tidy(() => void tf.matMul(a, b, false, true))
  expect([tf.memory().numTensors, tf.memory().numBytes]).toEqual(before)
})
