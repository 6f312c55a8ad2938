import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { transposed } from './transpose.js'

function permutations(n: number): number[][] {
  if (n === 0) return [[]]
  return permutations(n - 1).flatMap((p) =>
    Array.from({ length: n }, (_, i) => [...p.slice(0, i), n - 1, ...p.slice(i)]),
  )
}

test.each([[[2, 3, 1, 4, 5]], [[3, 2, 2, 3]], [[1, 1, 4]]])(
  'every transpose of %j equals tf.transpose',
  async (shape) => {
    tf.env().set('PROD', true)
    await tf.setBackend('cpu')
    const x = tf.reshape(
      tf.range(
        0,
        shape.reduce((a, b) => a * b),
      ),
      shape,
    )
    for (const perm of permutations(shape.length)) {
      const ours = transposed(tf, x, perm)
      const theirs = tf.transpose(x, perm)
      expect(ours.shape).toEqual(theirs.shape)
      expect(Array.from(ours.dataSync())).toEqual(Array.from(theirs.dataSync()))
    }
  },
)
