import type { Dim } from '../graph.js'
import type { GradientContext } from './context.js'

/** `value` with the shape of `like`, a value of the forward graph that has as many elements. */
export function reshapeLike(c: GradientContext, value: string, like: string): string {
  const shape = c.shape(like)
  const symbols = shape.filter((dim) => typeof dim === 'string')
  if (symbols.length > 1) return c.add('Reshape', [value, c.add('Shape', [like])])
  return c.add('Reshape', [value, c.longs(shape.map((dim) => (typeof dim === 'string' ? -1 : dim)))])
}

/** Repeats `value`, whose dimensions along `axes` are 1, to the shape of `like`. */
export function expandLike(c: GradientContext, value: string, like: string, axes: readonly number[]): string {
  const shape = c.shape(like)
  if (axes.some((axis) => typeof shape[axis] === 'string')) return c.add('Expand', [value, c.add('Shape', [like])])
  // a dimension of 1 leaves the value's own
  return c.add('Expand', [value, c.longs(shape.map((dim, axis) => (axes.includes(axis) ? (dim as number) : 1)))])
}

/**
 * The gradient of an operand that numpy's rule repeated: `value`, of the shape `from`, summed over the axes that
 * `operand` has not or has once.
 */
export function unbroadcast(c: GradientContext, value: string, from: readonly Dim[], operand: string): string {
  const shape = c.shape(operand)
  const extra = from.length - shape.length
  const missing = from.slice(0, extra).map((_, axis) => axis)
  const repeated = shape.flatMap((dim, i) => (dim === 1 && from[extra + i] !== 1 ? [extra + i] : []))
  if (missing.length + repeated.length === 0) return value
  const sum = c.add('ReduceSum', [value, c.longs([...missing, ...repeated])], { keepdims: extra === 0 ? 1 : 0 })
  return extra > 0 && repeated.length > 0 ? reshapeLike(c, sum, operand) : sum
}

/** The value with its last two axes exchanged. */
export function transposed(c: GradientContext, value: string, rank: number): string {
  const axes = Array.from({ length: rank }, (_, axis) => axis)
  return c.add('Transpose', [value], { perm: [...axes.slice(0, -2), rank - 1, rank - 2] })
}
