import { sizeOf } from '@tacojs/graph'
import type { Tf, TfTensor } from '../value.js'

/**
 * The elements of x from `start` on, as a tensor of the given shape: a slice whose elements lie together. The wasm
 * engine's own slice first copies all of x, so there the part alone goes through the host.
 */
export function contiguous(tf: Tf, x: TfTensor, start: number, shape: readonly number[]): TfTensor {
  const size = sizeOf(shape)
  if (size === x.size) return tf.reshape(x, [...shape])
  if (tf.getBackend() !== 'wasm' || x.dtype !== 'float32') {
    return tf.reshape(tf.slice(tf.reshape(x, [-1]), [start], [size]), [...shape])
  }
  const backend = tf.backend() as unknown as { readSync(id: object, start: number, end: number): Float32Array }
  return tf.tensor(backend.readSync(x.dataId, start, start + size), [...shape], 'float32')
}

/** The matrices of x [n, rows, columns], one by one. */
export function matrices(tf: Tf, x: TfTensor): TfTensor[] {
  const [n, rows, columns] = x.shape as [number, number, number]
  return Array.from({ length: n }, (_, i) => contiguous(tf, x, i * rows * columns, [rows, columns]))
}
