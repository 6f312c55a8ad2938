import { intsAttribute, numberAttribute, int64, sizeOf, type Tensor } from '@tacojs/graph'
import { axisOf, numbers, onHost, row, type Call, type Kernel, type KernelTable } from '../kernel.js'
import { hostValue, rowValue } from '../value.js'
import { broadcastShape } from './matmul.js'
import { transposed } from './transpose.js'

/** An operator that only renames the dimensions. */
const reshaping = (shapeOf: (call: Call, shape: readonly number[]) => number[], host?: number[]): Kernel => ({
  host,
  run: (call) => rowValue(call.tf.reshape(row(call, 0), shapeOf(call, call.inputs[0]!.shape))),
})

function reshape(call: Call, shape: readonly number[]): number[] {
  const allowZero = numberAttribute(call.node, 'allowzero', 0) !== 0
  const target = numbers(call, 1)!.map((n, i) => (n === 0 && !allowZero ? shape[i]! : n))
  const known = target.reduce((size, n) => (n === -1 ? size : size * n), 1)
  return target.map((n) => (n === -1 ? sizeOf(shape) / known : n))
}

function flatten(call: Call, shape: readonly number[]): number[] {
  const axis = axisOf(numberAttribute(call.node, 'axis', 1), shape.length)
  return [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))]
}

function squeeze(call: Call, shape: readonly number[]): number[] {
  const axes = numbers(call, 1)?.map((a) => axisOf(a, shape.length))
  return shape.filter((n, i) => (axes ? !axes.includes(i) : n !== 1))
}

function unsqueeze(call: Call, shape: readonly number[]): number[] {
  const given = numbers(call, 1)!
  const rank = shape.length + given.length
  const axes = given.map((a) => axisOf(a, rank))
  const rest = [...shape]
  return Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : rest.shift()!))
}

/** Only the shape of the input matters, so any type will do. */
const ofShape = (value: (call: Call, shape: readonly number[]) => Tensor): Kernel => ({
  device: () => true,
  run: (call) => hostValue(value(call, call.inputs[0]!.shape)),
})

const transpose: Kernel = {
  run(call) {
    const x = row(call, 0)
    const reversed = x.shape.map((_, i) => x.rank - 1 - i)
    return rowValue(transposed(call.tf, x, intsAttribute(call.node, 'perm', reversed)))
  },
}

const expand: Kernel = {
  host: [1],
  run(call) {
    const x = row(call, 0)
    return rowValue(call.tf.broadcastTo(x, broadcastShape(x.shape, numbers(call, 1)!)))
  },
}

const tile: Kernel = { host: [1], run: (call) => rowValue(call.tf.tile(row(call, 0), numbers(call, 1)!)) }

export const shapeKernels: KernelTable = {
  Reshape: reshaping(reshape, [1]),
  Flatten: reshaping(flatten),
  Squeeze: reshaping(squeeze, [1]),
  Unsqueeze: reshaping(unsqueeze, [1]),
  Transpose: transpose,
  Expand: expand,
  Tile: tile,
  Shape: ofShape((call, shape) => {
    const clamp = (n: number): number => Math.min(Math.max(axisOf(n, shape.length), 0), shape.length)
    const part = shape.slice(
      clamp(numberAttribute(call.node, 'start', 0)),
      clamp(numberAttribute(call.node, 'end', shape.length)),
    )
    return int64([part.length], part)
  }),
  Size: ofShape((_, shape) => int64([], [sizeOf(shape)])),
  Constant: onHost,
  ConstantOfShape: onHost,
  Range: onHost,
}
