import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import '@tensorflow/tfjs-backend-wasm'
import { registerFastMatMul, registerSparseKernels, sparseConv2d, sparseLinear, sparseWeights } from './index.js'

const code = (code: string) => expect.objectContaining({ name: 'TacoError', code })
const zeros = (...shape: number[]): tf.Tensor => tf.zeros(shape)

test('another engine, then no registration', async () => {
  tf.env().set('PROD', true)
  await tf.setBackend('cpu')
  const weights = sparseWeights(tf.ones([3, 2]))
  await expect(registerSparseKernels()).rejects.toEqual(code('UNSUPPORTED'))
  await expect(registerFastMatMul()).rejects.toEqual(code('UNSUPPORTED'))
  expect(() => sparseLinear(zeros(1, 3), weights)).toThrow(code('UNSUPPORTED'))
  await tf.setBackend('wasm')
  expect(() => sparseLinear(zeros(1, 3), weights)).toThrow(code('NOT_FOUND'))
  await registerSparseKernels()
  await registerSparseKernels()
  expect(sparseLinear(zeros(1, 3), weights).shape).toEqual([1, 2])
  await tf.setBackend('cpu')
  expect(() => sparseLinear(zeros(1, 3), weights)).toThrow(code('UNSUPPORTED'))
  await tf.setBackend('wasm')
})

test('wrong shapes and types', () => {
  const matrix = sparseWeights(tf.ones([3, 2]))
  const filter = sparseWeights(tf.ones([3, 3, 3, 2]))
  const mismatch = code('SHAPE_MISMATCH')
  expect(() => sparseLinear(zeros(4, 2), matrix)).toThrow(mismatch)
  expect(() => sparseLinear(tf.scalar(1), matrix)).toThrow(mismatch)
  expect(() => sparseLinear(tf.zeros([4, 3], 'int32'), matrix)).toThrow(mismatch)
  expect(() => sparseLinear(zeros(4, 3), matrix, zeros(3))).toThrow(mismatch)
  expect(() => sparseLinear(zeros(4, 3), matrix, zeros(1, 2))).toThrow(mismatch)
  expect(() => sparseLinear(zeros(4, 3), filter)).toThrow(mismatch)
  expect(() => sparseConv2d(zeros(1, 4, 4, 3), matrix, 1, 'same')).toThrow(mismatch)
  expect(() => sparseConv2d(zeros(1, 1, 4, 4, 3), filter, 1, 'same')).toThrow(mismatch)
  expect(() => sparseConv2d(zeros(1, 4, 4, 2), filter, 1, 'same')).toThrow(mismatch)
  expect(() => sparseConv2d(zeros(1, 2, 2, 3), filter, 1, 'valid')).toThrow(mismatch)
  expect(() => sparseConv2d(zeros(1, 4, 4, 3), filter, 0, 'same')).toThrow(code('INVALID_ARGUMENT'))
})

test('weights that are none', () => {
  expect(() => sparseWeights(zeros(3))).toThrow(code('SHAPE_MISMATCH'))
  expect(() => sparseWeights(tf.zeros([3, 2], 'int32'))).toThrow(code('SHAPE_MISMATCH'))
  expect(() => sparseWeights(zeros(3, 2), { mask: zeros(2, 3) })).toThrow(code('SHAPE_MISMATCH'))
  expect(() => sparseWeights(tf.tensor2d([1, NaN], [1, 2]))).toThrow(code('INVALID_WEIGHTS'))
  expect(() => sparseWeights(tf.tensor2d([1, Infinity], [1, 2]))).toThrow(code('INVALID_WEIGHTS'))
  sparseWeights(tf.ones([1, 1]), { name: 'twice' })
  expect(() => sparseWeights(tf.ones([1, 1]), { name: 'twice' })).toThrow(code('INVALID_ARGUMENT'))
})

test('weights after dispose', () => {
  const weights = sparseWeights(tf.ones([3, 2]))
  weights.dispose()
  expect(() => sparseLinear(zeros(1, 3), weights)).toThrow(code('DISPOSED'))
  expect(() => weights.toDense()).toThrow(code('DISPOSED'))
})
