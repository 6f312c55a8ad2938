import type { Tf, TfTensor } from '../value.js'

/** Σ coefficients[i]·xⁱ by Horner's rule, for two coefficients or more. */
export function polynomial(tf: Tf, x: TfTensor, coefficients: readonly number[]): TfTensor {
  const [highest, ...rest] = [...coefficients].reverse() as [number, number, ...number[]]
  const first = tf.add(tf.mul(x, highest), rest[0]!)
  return rest.slice(1).reduce((sum, c) => tf.add(tf.mul(sum, x), c), first)
}
