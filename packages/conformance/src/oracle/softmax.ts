import type { Node } from '@tacojs/graph'
import { sizeOf, type Tensor } from '@tacojs/graph'
import { axisOf, make, num, values, type Kernels } from './kernel.js'

/** Softmax of one row, in place; the maximum is subtracted first so that nothing overflows. */
export function softmaxRow(row: Float64Array): void {
  const max = row.reduce((a, b) => Math.max(a, b), -Infinity)
  let sum = 0
  for (let i = 0; i < row.length; i++) sum += row[i] = Math.exp(row[i]! - max)
  for (let i = 0; i < row.length; i++) row[i]! /= sum
}

function logSoftmaxRow(row: Float64Array): void {
  const max = row.reduce((a, b) => Math.max(a, b), -Infinity)
  let sum = 0
  for (const v of row) sum += Math.exp(v - max)
  for (let i = 0; i < row.length; i++) row[i]! -= max + Math.log(sum)
}

/** Applies f to every line of x along the axis. */
function along(node: Node, x: Tensor, f: (row: Float64Array) => void): Tensor {
  const axis = axisOf(num(node, 'axis', -1), x.shape.length)
  const length = x.shape[axis] ?? 1
  const inner = sizeOf(x.shape.slice(axis + 1))
  const out = Float64Array.from(values(x))
  const row = new Float64Array(length)
  for (let line = 0; line * length < out.length; line++) {
    const start = Math.floor(line / inner) * length * inner + (line % inner)
    for (let i = 0; i < length; i++) row[i] = out[start + i * inner]!
    f(row)
    for (let i = 0; i < length; i++) out[start + i * inner] = row[i]!
  }
  return make(x.dtype, x.shape, out)
}

export const softmax: Kernels = {
  Softmax: (node, [x]) => [along(node, x!, softmaxRow)],
  LogSoftmax: (node, [x]) => [along(node, x!, logSoftmaxRow)],
}
