import { storedBytes } from '../stored-type.js'
import type { TensorRef } from './values.js'

/** Elements of its storage from the first to the last that a view has, whatever lies between. */
export function spanOf({ shape, strides }: TensorRef): number {
  return shape.includes(0) ? 0 : shape.reduce((sum, size, i) => sum + (size - 1) * strides[i]!, 1)
}

/**
 * The elements of a view in row-major order.
 *
 * @param span bytes of the storage from the view's first element to its last
 */
export function gather(view: TensorRef, span: Uint8Array): Uint8Array {
  const { shape, strides, type } = view
  const size = storedBytes(type)
  const count = shape.reduce((product, s) => product * s, 1)
  if (isRowMajor(view)) return span
  const out = new Uint8Array(count * size)
  const index = new Array<number>(shape.length).fill(0)
  let from = 0
  for (let element = 0; element < count; element++) {
    for (let byte = 0; byte < size; byte++) out[element * size + byte] = span[from * size + byte]!
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!
      if (++index[axis]! < shape[axis]!) break
      from -= strides[axis]! * shape[axis]!
      index[axis] = 0
    }
  }
  return out
}

/** Whether the elements lie one behind the other; an axis of one element has any stride. */
function isRowMajor({ shape, strides }: TensorRef): boolean {
  let expected = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false
    expected *= shape[axis]!
  }
  return true
}
