import { sizeOf, sizesOf, sizeWith, type Dim, type ResidualWrite, type Tensor } from '@tacojs/graph'

/**
 * Of the root of the mean square of factors: below, a layer has little say. It would take large outputs to correct the sum,
 * and these would count for more than all others where outputs compete for weights.
 */
const LITTLE = 0.1

/**
 * The residual-corrected target: the output with which the layer takes the pruned stream to the sum that the dense
 * stream has, Y = Y_dense + (R_dense − R_sparse) taken back through what lies between the layer and the sum. Where
 * factors γ on this way are small compared with the others the correction goes to 0 with them, from the γ that are a tenth
 * of their root of the mean square: d/γ becomes dγ/(rms/10)².
 *
 * @param output the layer's output in the dense stream; @param dense, @param sparse the values it is added to
 * @returns Y, laid out as the output
 */
export function residualTarget(write: ResidualWrite, output: Tensor, dense: Tensor, sparse: Tensor): Tensor {
  const [d, s, y] = [dense.data as Float32Array, sparse.data as Float32Array, output.data as Float32Array]
  const shapes = shapesAlong(write, output.shape, sizesOf(write.shape, dense.shape))
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
function shapesAlong(
  { steps }: ResidualWrite,
  first: readonly number[],
  sizes: ReadonlyMap<string, number>,
): (readonly number[])[] {
  const shapes = [first]
  for (const step of steps) {
    const shape = shapes[shapes.length - 1]!
    if (step.kind === 'transpose') shapes.push(step.perm.map((axis) => shape[axis]!))
    else shapes.push(step.kind === 'reshape' ? sized(step.shape, sizes, sizeOf(shape)) : shape)
  }
  return shapes
}

/** A shape of so many elements; one symbol's size may not be known. */
function sized(shape: readonly Dim[], sizes: ReadonlyMap<string, number>, elements: number): number[] {
  const known = shape.map((dim) => sizeWith(dim, (symbol) => sizes.get(symbol) ?? NaN))
  const rest = elements / sizeOf(known.filter((dim) => !Number.isNaN(dim)))
  return known.map((dim) => (Number.isNaN(dim) ? rest : dim))
}

function unscaled(values: Float32Array, shape: readonly number[], by: Tensor): Float32Array<ArrayBuffer> {
  const factors = by.data as Float32Array
  // strides of the factor along the value's axes, 0 where it is broadcast
  const missing = shape.length - by.shape.length
  const strides = shape.map((_, axis) => {
    const own = axis - missing
    return own < 0 || by.shape[own] === 1 ? 0 : by.shape.slice(own + 1).reduce((a, b) => a * b, 1)
  })
  const least = LITTLE ** 2 * (factors.reduce((sum, factor) => sum + factor ** 2, 0) / factors.length)
  const inverse = Float64Array.from(factors, (factor) => (factor === 0 ? 0 : factor / Math.max(factor ** 2, least)))
  return mapIndexed(values, shape, strides, (value, at) => value * inverse[at]!)
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
