import { TacoError } from '@tacojs/errors'
import { broadcastShapes, compatible, showShape } from '../dims.js'
import type { Dim, Node } from '../graph.js'
import { fromNumbers, sizeOf, tensor, toNumbers, type Tensor } from '../tensor.js'
import { broadcastTo } from './index-map.js'
import { intsAttribute, numberAttribute } from './attributes.js'
import type { OpDefinition } from './definition.js'
import { windowAttributes, windowOutput } from './window.js'

/** Size of a shape for costs: symbolic dimensions count as one. */
export const costSize = (shape: readonly Dim[]): number => sizeOf(shape.map((d) => (typeof d === 'number' ? d : 1)))

const mismatch = (node: Node, a: readonly Dim[], b: readonly Dim[]): never => {
  throw new TacoError(
    'SHAPE_MISMATCH',
    `node '${node.name}' (${node.op}): shapes ${showShape(a)} and ${showShape(b)} do not fit`,
  )
}

const matMul: OpDefinition = {
  op: 'MatMul',
  domain: '',
  inputs: [2, 2],
  outputs: [1, 1],
  attributes: {},
  infer: ({ node, inputs: [a, b] }) => {
    if (a!.shape.length === 0 || b!.shape.length === 0) return mismatch(node, a!.shape, b!.shape)
    const left = a!.shape.length === 1 ? [1, ...a!.shape] : a!.shape
    const right = b!.shape.length === 1 ? [...b!.shape, 1] : b!.shape
    if (!compatible(left[left.length - 1]!, right[right.length - 2]!)) return mismatch(node, a!.shape, b!.shape)
    const shape = broadcastShapes([left.slice(0, -2), right.slice(0, -2)], `node '${node.name}' (MatMul)`)
    if (a!.shape.length > 1) shape.push(left[left.length - 2]!)
    if (b!.shape.length > 1) shape.push(right[right.length - 1]!)
    return [{ dtype: a!.dtype, shape }]
  },
  evaluate: (_node, [a, b]) => [matMulConstants(a!, b!)],
  macs: (_node, [a], [y]) => {
    const inner = a!.shape[a!.shape.length - 1]!
    return costSize(y!.shape) * (typeof inner === 'number' ? inner : 1)
  },
}

/** Product of constants, summed in f64; vectors and broadcast leading dimensions as numpy has them. */
function matMulConstants(a: Tensor, b: Tensor): Tensor {
  const left = a.shape.length === 1 ? [1, ...a.shape] : [...a.shape]
  const right = b.shape.length === 1 ? [...b.shape, 1] : [...b.shape]
  const [m, k, n] = [left.at(-2)!, left.at(-1)!, right.at(-1)!]
  const lead = broadcastShapes([left.slice(0, -2), right.slice(0, -2)], 'constants') as number[]
  const x = toNumbers(broadcastTo(tensor(a.dtype, left, a.data), [...lead, m, k]))
  const y = toNumbers(broadcastTo(tensor(b.dtype, right, b.data), [...lead, k, n]))
  const values = new Float64Array(sizeOf(lead) * m * n)
  for (let i = 0; i < values.length; i++) {
    const [batch, row, col] = [Math.floor(i / (m * n)), Math.floor(i / n) % m, i % n]
    let sum = 0
    for (let j = 0; j < k; j++) sum += x[(batch * m + row) * k + j]! * y[(batch * k + j) * n + col]!
    values[i] = sum
  }
  const shape = [...lead, ...(a.shape.length > 1 ? [m] : []), ...(b.shape.length > 1 ? [n] : [])]
  return fromNumbers(a.dtype, shape, values)
}

const gemm: OpDefinition = {
  op: 'Gemm',
  domain: '',
  inputs: [2, 3],
  outputs: [1, 1],
  attributes: { alpha: 'float', beta: 'float', transA: 'int', transB: 'int' },
  infer: ({ node, inputs: [a, b, c] }) => {
    if (a!.shape.length !== 2 || b!.shape.length !== 2) return mismatch(node, a!.shape, b!.shape)
    const [m, k] = numberAttribute(node, 'transA', 0) ? [a!.shape[1]!, a!.shape[0]!] : [a!.shape[0]!, a!.shape[1]!]
    const [k2, n] = numberAttribute(node, 'transB', 0) ? [b!.shape[1]!, b!.shape[0]!] : [b!.shape[0]!, b!.shape[1]!]
    if (!compatible(k, k2)) return mismatch(node, a!.shape, b!.shape)
    if (c) {
      const sum = broadcastShapes([[m, n], c.shape], `node '${node.name}' (Gemm)`)
      if (sum.length !== 2 || !compatible(sum[0]!, m) || !compatible(sum[1]!, n)) return mismatch(node, [m, n], c.shape)
    }
    return [{ dtype: a!.dtype, shape: [m, n] }]
  },
  macs: (node, [a], [y]) => {
    const inner = a!.shape[numberAttribute(node, 'transA', 0) ? 0 : 1]!
    return costSize(y!.shape) * (typeof inner === 'number' ? inner : 1)
  },
}

const conv: OpDefinition = {
  op: 'Conv',
  domain: '',
  inputs: [2, 3],
  outputs: [1, 1],
  attributes: { ...windowAttributes, group: 'int' },
  infer: ({ node, inputs: [x, w, b] }) => {
    if (w!.shape.length !== x!.shape.length || x!.shape.length < 3) return mismatch(node, x!.shape, w!.shape)
    const group = numberAttribute(node, 'group', 1)
    const kernel = intsAttribute(node, 'kernel_shape', w!.shape.slice(2) as number[])
    if (kernel.some((k, i) => !compatible(k, w!.shape[i + 2] ?? -1))) return mismatch(node, w!.shape, kernel)
    const channels = x!.shape[1]!
    const [filters, perGroup] = w!.shape as number[]
    if (typeof channels === 'number' && channels !== perGroup! * group) return mismatch(node, x!.shape, w!.shape)
    if (filters! % group !== 0) {
      throw new TacoError(
        'SHAPE_MISMATCH',
        `node '${node.name}' (Conv): ${filters} filters do not divide into ${group} groups`,
      )
    }
    if (b && !compatible(b.shape[0]!, filters!)) return mismatch(node, w!.shape, b.shape)
    return [
      {
        dtype: x!.dtype,
        shape: [x!.shape[0]!, filters!, ...windowOutput(node, x!.shape.slice(2), w!.shape.slice(2) as number[])],
      },
    ]
  },
  macs: (_node, [, w], [y]) => costSize(y!.shape) * costSize(w!.shape.slice(1)),
}

export const linear: readonly OpDefinition[] = [matMul, gemm, conv]
