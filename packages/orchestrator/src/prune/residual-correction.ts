import type { Dim, ResidualStep, ResidualWrite, Tensor } from '@tacojs/graph'

/**
 * The residual-corrected target: the output with which the layer takes the pruned stream to the sum that the dense
 * stream has, Y = Y_dense + (R_dense − R_sparse) taken back through what lies between the layer and the sum. Where a
 * factor on this way is 0 the layer has no say: no correction.
 *
 * @param output the layer's output in the dense stream; @param dense, @param sparse the values it is added to
 * @returns Y, laid out as the output
 */
export function residualTarget(write: ResidualWrite, output: Tensor, dense: Tensor, sparse: Tensor): Tensor {
  const [d, s, y] = [dense.data as Float32Array, sparse.data as Float32Array, output.data as Float32Array]
  const shapes = shapesAlong(write.steps, output.shape)
  let difference = new Float32Array(d.length)
  if (write.steps.every(({ kind }) => kind === 'reshape')) {
    for (let i = 0; i < d.length; i++) difference[i] = y[i]! + Math.fround(d[i]! - s[i]!)
    return { dtype: 'float32', shape: output.shape, data: difference }
  }
  for (let i = 0; i < d.length; i++) difference[i] = d[i]! - s[i]!
  for (let i = write.steps.length - 1; i >= 0; i--) {
    const step = write.steps[i]!
    if (step.kind === 'scale') difference = unscaled(difference, shapes[i]!, step.by)
    else if (step.kind === 'transpose') difference = transposedBack(difference, shapes[i]!, step.perm)
  }
  for (let i = 0; i < y.length; i++) difference[i]! += y[i]!
  return { dtype: 'float32', shape: output.shape, data: difference }
}

/** The shape before each step. */
function shapesAlong(steps: readonly ResidualStep[], first: readonly number[]): (readonly number[])[] {
  const shapes = [first]
  for (const step of steps) {
    const shape = shapes[shapes.length - 1]!
    if (step.kind === 'transpose') shapes.push(step.perm.map((axis) => shape[axis]!))
    else shapes.push(step.kind === 'reshape' ? sized(step.shape, shape) : shape)
  }
  return shapes
}

/** A shape with one symbolic dimension, of as many elements as another. */
function sized(shape: readonly Dim[], like: readonly number[]): number[] {
  const product = (dims: readonly Dim[]): number =>
    dims.reduce<number>((a, d) => (typeof d === 'number' ? a * d : a), 1)
  return shape.map((d) => (typeof d === 'number' ? d : product(like) / product(shape)))
}

function unscaled(values: Float32Array, shape: readonly number[], by: Tensor): Float32Array<ArrayBuffer> {
  const factors = by.data as Float32Array
  // strides of the factor along the value's axes, 0 where it is broadcast
  const missing = shape.length - by.shape.length
  const strides = shape.map((_, axis) => {
    const own = axis - missing
    return own < 0 || by.shape[own] === 1 ? 0 : by.shape.slice(own + 1).reduce((a, b) => a * b, 1)
  })
  return mapIndexed(values, shape, strides, (value, at) => (factors[at] === 0 ? 0 : value / factors[at]!))
}

/** Undoes a transposition whose input had this shape. */
function transposedBack(
  values: Float32Array,
  shape: readonly number[],
  perm: readonly number[],
): Float32Array<ArrayBuffer> {
  const outer = perm.map((axis) => shape[axis]!)
  const strides = shape.map((_, axis) => {
    const at = perm.indexOf(axis)
    return outer.slice(at + 1).reduce((a, b) => a * b, 1)
  })
  return mapIndexed(values, shape, strides, (_, at) => values[at]!)
}

/** Visits the elements of a shape in order, with an offset that moves by the given strides. */
function mapIndexed(
  values: Float32Array,
  shape: readonly number[],
  strides: readonly number[],
  value: (own: number, at: number) => number,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(values.length)
  const index = shape.map(() => 0)
  for (let i = 0, at = 0; i < out.length; i++) {
    out[i] = value(values[i]!, at)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!
      if (++index[axis]! < shape[axis]!) break
      at -= strides[axis]! * shape[axis]!
      index[axis] = 0
    }
  }
  return out
}
