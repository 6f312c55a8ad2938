import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import '@tensorflow/tfjs-backend-wasm'
import { registerSparseKernels } from '../index.js'

/** tfjs on its wasm backend with the sparse kernels; its cpu backend stays quiet. */
export async function useWasm(): Promise<void> {
  tf.env().set('PROD', true)
  await tf.setBackend('wasm')
  await registerSparseKernels()
}

/** Runs `work` on tfjs's cpu backend. */
export async function onCpu<T>(work: () => T): Promise<T> {
  await tf.setBackend('cpu')
  try {
    return work()
  } finally {
    await tf.setBackend('wasm')
  }
}

/** Random numbers in -1…1, the same for the same shape and seed. */
export function random(shape: number[], seed = 1): tf.Tensor {
  let state = seed * 2654435761
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  }
  const size = shape.reduce((a, b) => a * b, 1)
  return tf.tensor(Float32Array.from({ length: size }, next), shape)
}

/** A random tensor of which about `sparsity` is zero: all of it at 1, nothing at 0. */
export function sparse(shape: number[], sparsity: number, seed = 2): tf.Tensor {
  return tf.tidy(() => {
    const kept = tf.greaterEqual(tf.abs(random(shape, seed + 100)), sparsity)
    // tfjs's wasm backend has no multiplication of booleans
    return sparsity === 1 ? tf.zeros(shape) : tf.mul(random(shape, seed), tf.cast(kept, 'float32'))
  })
}

/** The largest difference between the numbers of two tensors of one shape, in units of the largest of `expected`. */
export function difference(actual: tf.Tensor, expected: tf.Tensor): number {
  expect(actual.shape).toEqual(expected.shape)
  const [a, b] = [actual.dataSync(), expected.dataSync()]
  let [worst, scale] = [0, 1e-30]
  for (let i = 0; i < b.length; i++) {
    // a NaN is the worst difference
    const d = Math.abs(a[i]! - b[i]!)
    worst = d <= worst ? worst : d
    scale = Math.max(scale, Math.abs(b[i]!))
  }
  return worst / scale
}

/** What rounding in float32 leaves of sums of some hundred products. */
export const rounding = 1e-5
