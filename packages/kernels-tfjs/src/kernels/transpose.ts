import type { Tf, TfTensor } from '../value.js'

/**
 * tf.transpose in low ranks: axes of size one are dropped, axes that stay neighbours are merged, and what is still
 * above rank 4 becomes a sequence of swaps of two blocks, because tfjs's wasm engine is a hundred times slower there.
 */
export function transposed(tf: Tf, x: TfTensor, perm: readonly number[]): TfTensor {
  const shape = perm.map((axis) => x.shape[axis]!)
  const { sizes, order } = merged(x.shape, perm)
  if (order.length <= 1) return tf.reshape(x, shape)
  if (order.length <= 4) return tf.reshape(tf.transpose(tf.reshape(x, sizes), order), shape)
  return tf.reshape(bySwaps(tf, x, sizes, order), shape)
}

/** The same permutation over fewer axes: their sizes, and their order afterwards. */
function merged(shape: readonly number[], perm: readonly number[]): { sizes: number[]; order: number[] } {
  const groups: number[][] = []
  for (const axis of perm.filter((a) => shape[a] !== 1)) {
    const last = groups.at(-1)?.at(-1)
    // Neighbours also where only axes of size one lie between them.
    const adjacent = last !== undefined && axis > last && shape.slice(last + 1, axis).every((n) => n === 1)
    if (adjacent) groups.at(-1)!.push(axis)
    else groups.push([axis])
  }
  const sorted = [...groups].sort((a, b) => a[0]! - b[0]!)
  const sizes = sorted.map((group) => group.reduce((n, axis) => n * shape[axis]!, 1))
  return { sizes, order: groups.map((group) => sorted.indexOf(group)) }
}

/** Brings one axis after another to its place, past the block of axes before it. */
function bySwaps(tf: Tf, x: TfTensor, sizes: readonly number[], order: readonly number[]): TfTensor {
  const product = (axes: readonly number[]): number => axes.reduce((n, axis) => n * sizes[axis]!, 1)
  const current = sizes.map((_, i) => i)
  let y = x
  order.forEach((axis, to) => {
    const from = current.indexOf(axis)
    if (from === to) return
    const blocks = [current.slice(0, to), current.slice(to, from), [axis], current.slice(from + 1)]
    y = tf.transpose(tf.reshape(y, blocks.map(product)), [0, 2, 1, 3])
    current.splice(to, 0, ...current.splice(from, 1))
  })
  return y
}
