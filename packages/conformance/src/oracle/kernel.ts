import { fromNumbers, sizeOf, tensor, toNumbers, type DType, type Node, type Tensor } from '@tacojs/graph'

/** One operator: a node and its inputs (absent ones undefined) to its outputs. Float tensors are float64 throughout. */
export type Kernel = (node: Node, inputs: readonly (Tensor | undefined)[]) => Tensor[]

/** A family of operators by name; those of our own domain are listed with the domain as a prefix, `ai.tacojs.Gelu`. */
export type Kernels = Readonly<Record<string, Kernel>>

export const isFloat = (dtype: DType): boolean => dtype === 'float32' || dtype === 'float64'

/** The elements as doubles. */
export const values = (t: Tensor): Float64Array =>
  t.dtype === 'float64' ? (t.data as Float64Array) : Float64Array.from(toNumbers(t))

/** A tensor of the data type from doubles; float32 becomes float64, integers are truncated towards zero. */
export const make = (dtype: DType, shape: readonly number[], data: Float64Array): Tensor =>
  isFloat(dtype) ? tensor('float64', shape, data) : fromNumbers(dtype, shape, data)

/** float32 widened to float64; everything else as it is. */
export const widen = (t: Tensor): Tensor => (t.dtype === 'float32' ? make('float64', t.shape, values(t)) : t)

/** The attribute as a number, a list of numbers or a string, with ONNX's default where it is absent. */
export const num = (node: Node, name: string, fallback: number): number => Number(node.attributes[name] ?? fallback)
export const ints = (node: Node, name: string, fallback: readonly number[]): readonly number[] =>
  (node.attributes[name] as readonly number[] | undefined) ?? fallback
export const text = (node: Node, name: string, fallback: string): string =>
  (node.attributes[name] as string | undefined) ?? fallback

/** Counts a negative axis from the end. */
export const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis)

// bound once: in the sandbox of a test framework a global costs more than the arithmetic
const { floor } = Math

/** Position of a row-major flat offset, and back. */
export function unravel(offset: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length).fill(0)
  for (let i = shape.length - 1; i >= 0; i--) {
    index[i] = offset % shape[i]!
    offset = floor(offset / shape[i]!)
  }
  return index
}

export function ravel(index: readonly number[], shape: readonly number[]): number {
  let offset = 0
  for (let i = 0; i < shape.length; i++) offset = offset * shape[i]! + index[i]!
  return offset
}

/** NumPy's rule: aligned at the last dimension, a dimension of 1 is repeated. */
export function broadcast(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((s) => s.length))
  return Array.from({ length: rank }, (_, i) => {
    const dims = shapes.map((s) => s[i - rank + s.length] ?? 1)
    const size = dims.find((d) => d !== 1) ?? 1
    if (dims.some((d) => d !== 1 && d !== size))
      throw new Error(`cannot broadcast ${shapes.map((s) => `[${s.join(', ')}]`).join(' and ')}`)
    return size
  })
}

/** How far apart in memory neighbours along each axis lie, row-major. */
export const stridesOf = (shape: readonly number[]): number[] => shape.map((_, axis) => sizeOf(shape.slice(axis + 1)))

/** Where each element of `shape`, in row-major order, lies in memory of these strides. */
export function offsets(shape: readonly number[], strides: readonly number[], start = 0): Int32Array {
  let found = Int32Array.of(start)
  shape.forEach((size, axis) => {
    const deeper = new Int32Array(found.length * size)
    let i = 0
    for (const before of found) for (let p = 0; p < size; p++) deeper[i++] = before + p * strides[axis]!
    found = deeper
  })
  return found
}

/** Where each element of the shape `whole` lies in a tensor of `shape` that is broadcast to it. */
export function broadcastOffsets(whole: readonly number[], shape: readonly number[]): Int32Array {
  const strides = stridesOf(shape).map((stride, axis) => (shape[axis] === 1 ? 0 : stride))
  return offsets(whole, [...whole.slice(shape.length).fill(0), ...strides])
}

/** The elements of x at the given offsets, in that order. */
export function take(x: Tensor, shape: readonly number[], places: Int32Array): Tensor {
  const from = values(x)
  return make(
    x.dtype,
    shape,
    Float64Array.from(places, (place) => from[place]!),
  )
}

/**
 * A tensor of `shape` whose element at each index is the element of `x` at `source(index)`; `fill` where that is
 * undefined.
 */
export function pick(
  x: Tensor,
  shape: readonly number[],
  source: (index: number[]) => readonly number[] | undefined,
  fill = 0,
): Tensor {
  const from = values(x)
  const out = new Float64Array(sizeOf(shape))
  for (let i = 0; i < out.length; i++) {
    const at = source(unravel(i, shape))
    out[i] = at ? from[ravel(at, x.shape)]! : fill
  }
  return make(x.dtype, shape, out)
}
