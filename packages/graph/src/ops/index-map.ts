import { TacoError } from '@tacojs/errors'
import type { Node } from '../graph.js'
import { sizeOf, zeros, type DType, type Tensor } from '../tensor.js'

export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length)
  let stride = 1
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride
    stride *= shape[i]!
  }
  return strides
}

/** A tensor whose element at `index` is x's element at the flat position `from(index)`; -1 leaves the zero. */
export function mapIndex<D extends DType>(
  x: Tensor<D>,
  shape: readonly number[],
  from: (index: readonly number[]) => number,
): Tensor<D> {
  const out = zeros(x.dtype, shape)
  const target = out.data as { [i: number]: number | bigint }
  const source = x.data as unknown as { readonly [i: number]: number | bigint }
  const index = new Array<number>(shape.length).fill(0)
  for (let i = 0, n = sizeOf(shape); i < n; i++) {
    const at = from(index)
    if (at >= 0) target[i] = source[at]!
    for (let d = shape.length - 1; d >= 0 && ++index[d]! === shape[d]; d--) index[d] = 0
  }
  return out
}

/** x broadcast to a larger shape, numpy's rule. */
export function broadcastTo<D extends DType>(x: Tensor<D>, shape: readonly number[]): Tensor<D> {
  const strides = stridesOf(x.shape)
  const shift = shape.length - x.shape.length
  return mapIndex(x, shape, (index) => {
    let at = 0
    for (let d = 0; d < strides.length; d++) if (x.shape[d] !== 1) at += index[d + shift]! * strides[d]!
    return at
  })
}

/** An index into `size` elements, a negative one from the end. Throws INVALID_MODEL outside. */
export function inside(node: Node, index: number, size: number): number {
  const at = index < 0 ? index + size : index
  if (at >= 0 && at < size) return at
  throw new TacoError('INVALID_MODEL', `node '${node.name}' (${node.op}): index ${index} is outside of ${size}`)
}
