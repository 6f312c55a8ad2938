import { TacoError } from '@tacojs/errors'
import { normalizeAxis } from '../dims.js'
import type { Dim, Node } from '../graph.js'
import { fromNumbers, sizeOf, toNumbers, type Tensor } from '../tensor.js'
import { numberAttribute } from './attributes.js'
import type { OpDefinition } from './definition.js'
import { stridesOf } from './index-map.js'
import { unknownShape } from './unknown-shape.js'

/** Axes that a Reduce node reduces: input 1, all axes where it is absent or empty (none with noop_with_empty_axes). */
function reducedAxes(node: Node, rank: number, axes: Tensor | undefined): boolean[] {
  const listed = axes ? toNumbers(axes) : []
  if (listed.length === 0) return new Array<boolean>(rank).fill(numberAttribute(node, 'noop_with_empty_axes', 0) === 0)
  const reduced = new Array<boolean>(rank).fill(false)
  for (const axis of listed) reduced[normalizeAxis(axis, rank, `node '${node.name}'`)] = true
  return reduced
}

const keep = (shape: readonly Dim[], reduced: readonly boolean[], keepdims: boolean): Dim[] =>
  shape.flatMap((dim, i) => (reduced[i] ? (keepdims ? [1] : []) : [dim]))

const reducers: Readonly<Record<string, (values: readonly number[]) => number>> = {
  ReduceSum: (v) => v.reduce((a, b) => a + b, 0),
  ReduceMean: (v) => v.reduce((a, b) => a + b, 0) / v.length,
  ReduceMax: (v) => v.reduce((a, b) => Math.max(a, b), -Infinity),
  ReduceMin: (v) => v.reduce((a, b) => Math.min(a, b), Infinity),
  ReduceProd: (v) => v.reduce((a, b) => a * b, 1),
  ReduceL1: (v) => v.reduce((a, b) => a + Math.abs(b), 0),
  ReduceL2: (v) => Math.sqrt(v.reduce((a, b) => a + b * b, 0)),
  ReduceSumSquare: (v) => v.reduce((a, b) => a + b * b, 0),
}

const reduce = (op: string, value: (values: readonly number[]) => number): OpDefinition => ({
  op,
  domain: '',
  inputs: [1, 2],
  outputs: [1, 1],
  attributes: { keepdims: 'int', noop_with_empty_axes: 'int' },
  infer: ({ node, inputs: [x, axes], constant }) => {
    const known = constant(1)
    const none = (!axes || known?.data.length === 0) && numberAttribute(node, 'noop_with_empty_axes', 0) !== 0
    if (none && value([-1]) !== -1) {
      const why = 'without axes it is the input by some versions of ONNX, and its magnitude or square by others'
      throw new TacoError('UNSUPPORTED', `node '${node.name}' (${op}): ${why}`)
    }
    const keepdims = numberAttribute(node, 'keepdims', 1) !== 0
    if (axes && !known) {
      const gone = keepdims ? 0 : axes.shape[0]
      if (typeof gone !== 'number')
        throw new TacoError('UNSUPPORTED', `node '${node.name}' (${op}): the number of its axes is not known`)
      const rank = Math.max(0, x!.shape.length - gone)
      return [{ dtype: x!.dtype, shape: unknownShape(node, rank) }]
    }
    return [{ dtype: x!.dtype, shape: keep(x!.shape, reducedAxes(node, x!.shape.length, known), keepdims) }]
  },
  evaluate: (node, [x, axes]) => {
    const reduced = reducedAxes(node, x!.shape.length, axes)
    const strides = stridesOf(x!.shape)
    const inner = x!.shape.map((dim, i) => (reduced[i] ? 1 : dim))
    const places = stridesOf(inner)
    const groups: number[][] = Array.from({ length: sizeOf(inner) }, () => [])
    toNumbers(x!).forEach((v, flat) => {
      let at = 0
      for (let d = 0; d < strides.length; d++) {
        if (!reduced[d]) at += (Math.floor(flat / strides[d]!) % x!.shape[d]!) * places[d]!
      }
      groups[at]!.push(v)
    })
    const shape = keep(x!.shape, reduced, numberAttribute(node, 'keepdims', 1) !== 0) as number[]
    return [fromNumbers(x!.dtype, shape, groups.map(value))]
  },
})

const arg = (op: string): OpDefinition => ({
  op,
  domain: '',
  inputs: [1, 1],
  outputs: [1, 1],
  attributes: { axis: 'int', keepdims: 'int', select_last_index: 'int' },
  infer: ({ node, inputs: [x] }) => {
    const axis = normalizeAxis(numberAttribute(node, 'axis', 0), x!.shape.length, `node '${node.name}'`)
    const reduced = x!.shape.map((_, i) => i === axis)
    return [{ dtype: 'int64', shape: keep(x!.shape, reduced, numberAttribute(node, 'keepdims', 1) !== 0) }]
  },
  evaluate: (node, [x]) => {
    const axis = normalizeAxis(numberAttribute(node, 'axis', 0), x!.shape.length, `node '${node.name}'`)
    const shape = keep(
      x!.shape,
      x!.shape.map((_, i) => i === axis),
      numberAttribute(node, 'keepdims', 1) !== 0,
    ) as number[]
    const last = numberAttribute(node, 'select_last_index', 0) !== 0
    const better = (a: number, b: number): boolean => (op === 'ArgMax' ? a > b : a < b) || (last && a === b)
    const [step, size] = [sizeOf(x!.shape.slice(axis + 1)), x!.shape[axis]!]
    const values = toNumbers(x!)
    const found = Array.from({ length: sizeOf(shape) }, (_, i) => {
      const from = Math.floor(i / step) * step * size + (i % step)
      let best = 0
      for (let k = 1; k < size; k++) if (better(values[from + k * step]!, values[from + best * step]!)) best = k
      return best
    })
    return [fromNumbers('int64', shape, found)]
  },
})

export const reduction: readonly OpDefinition[] = [
  ...Object.entries(reducers).map(([op, value]) => reduce(op, value)),
  arg('ArgMax'),
  arg('ArgMin'),
]
