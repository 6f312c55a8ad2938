import { TacoError } from '@tacojs/errors'
import { divideDims, normalizeAxis, productOf, showShape } from '../dims.js'
import type { Dim, Node } from '../graph.js'
import { sizeOf, tensor, toNumbers, type Tensor } from '../tensor.js'
import { intsAttribute, numberAttribute } from './attributes.js'
import type { InferContext, OpDefinition } from './definition.js'
import { mapIndex, stridesOf } from './index-map.js'
import { unknownShape } from './unknown-shape.js'

/** The shape that Reshape gives: 0 copies a dimension, one -1 takes what is left. Throws SHAPE_MISMATCH. */
function reshape(node: Node, from: readonly Dim[], wanted: readonly Dim[]): Dim[] {
  const zero = numberAttribute(node, 'allowzero', 0) === 0
  const shape = wanted.map((dim, i) => (dim === 0 && zero ? (from[i] ?? 0) : dim))
  const fail = (): never => {
    throw new TacoError(
      'SHAPE_MISMATCH',
      `node '${node.name}' (Reshape): ${showShape(from)} cannot be reshaped to ${showShape(wanted)}`,
    )
  }
  const free = shape.indexOf(-1)
  if (free !== shape.lastIndexOf(-1) || shape.some((dim) => typeof dim === 'number' && dim < -1)) return fail()
  // dimensions that stand on both sides cancel, which leaves products that can be known although two symbols occur
  const top = [...from]
  const bottom = shape.filter((_, i) => i !== free)
  for (const dim of bottom.filter((d) => typeof d === 'string')) {
    const at = top.indexOf(dim)
    if (at < 0) continue
    top.splice(at, 1)
    bottom.splice(bottom.indexOf(dim), 1)
  }
  const [left, right] = [productOf(top), productOf(bottom)]
  if (free < 0) {
    if (typeof left === 'number' && typeof right === 'number' && left !== right) return fail()
    return shape
  }
  const rest = left === undefined || right === undefined ? undefined : divideDims(left, right)
  if (typeof left === 'number' && typeof right === 'number' && (right === 0 || left % right !== 0)) return fail()
  shape[free] = rest ?? `${node.outputs[0]}.${free}`
  return shape
}

/** Where Flatten cuts the shape: 0 … rank, both ends included. */
function flattenAxis(node: Node, rank: number): number {
  const axis = numberAttribute(node, 'axis', 1)
  const at = axis < 0 ? axis + rank : axis
  if (at < 0 || at > rank)
    throw new TacoError('SHAPE_MISMATCH', `node '${node.name}' (Flatten): axis ${axis} is outside of rank ${rank}`)
  return at
}

const reshaped = (x: Tensor, shape: readonly number[]): Tensor[] => [tensor(x.dtype, shape, x.data)]

/** Axes from input 1; all given ones normalised against `rank`. */
function axesOf({ node, constant }: InferContext, rank: number): number[] | undefined {
  const axes = constant(1)
  return axes && toNumbers(axes).map((axis) => normalizeAxis(axis, rank, `node '${node.name}'`))
}

function squeezed(node: Node, shape: readonly Dim[], axes: readonly number[] | undefined): Dim[] {
  const listed = axes?.map((axis) => normalizeAxis(axis, shape.length, `node '${node.name}'`))
  for (const axis of listed ?? []) {
    if (typeof shape[axis] === 'number' && shape[axis] !== 1) {
      throw new TacoError(
        'SHAPE_MISMATCH',
        `node '${node.name}' (Squeeze): dimension ${axis} of ${showShape(shape)} is not 1`,
      )
    }
  }
  return shape.filter((dim, i) => (listed ? !listed.includes(i) : dim !== 1))
}

function unsqueezed(shape: readonly Dim[], axes: readonly number[]): Dim[] {
  const out: Dim[] = []
  for (let i = 0, from = 0; i < shape.length + axes.length; i++) out.push(axes.includes(i) ? 1 : shape[from++]!)
  return out
}

const permutation = (node: Node, rank: number): readonly number[] => {
  const perm = intsAttribute(
    node,
    'perm',
    Array.from({ length: rank }, (_, i) => rank - 1 - i),
  )
  if (perm.length !== rank || new Set(perm).size !== rank || perm.some((p) => p < 0 || p >= rank)) {
    throw new TacoError(
      'SHAPE_MISMATCH',
      `node '${node.name}' (Transpose): perm [${perm.join(', ')}] is no permutation of ${rank} axes`,
    )
  }
  return perm
}

export const reshaping: readonly OpDefinition[] = [
  {
    op: 'Reshape',
    domain: '',
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: { allowzero: 'int' },
    infer: ({ node, inputs: [x, shape], elements }) => {
      const wanted = elements(1)
      if (wanted) return [{ dtype: x!.dtype, shape: reshape(node, x!.shape, wanted) }]
      return [{ dtype: x!.dtype, shape: unknownShape(node, shape!.shape[0]) }]
    },
    evaluate: (node, [x, shape]) => reshaped(x!, reshape(node, x!.shape, toNumbers(shape!)) as number[]),
  },
  {
    op: 'Flatten',
    domain: '',
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { axis: 'int' },
    infer: ({ node, inputs: [x] }) => {
      const at = flattenAxis(node, x!.shape.length)
      const [first, second] = [productOf(x!.shape.slice(0, at)), productOf(x!.shape.slice(at))]
      return [{ dtype: x!.dtype, shape: [first ?? `${node.outputs[0]}.0`, second ?? `${node.outputs[0]}.1`] }]
    },
    evaluate: (node, [x]) => {
      const at = flattenAxis(node, x!.shape.length)
      return reshaped(x!, [sizeOf(x!.shape.slice(0, at)), sizeOf(x!.shape.slice(at))])
    },
  },
  {
    op: 'Squeeze',
    domain: '',
    inputs: [1, 2],
    outputs: [1, 1],
    attributes: {},
    infer: (context) => {
      const x = context.inputs[0]!
      const axes = axesOf(context, x.shape.length)
      if (context.inputs[1] && !axes)
        throw new TacoError('UNSUPPORTED', `node '${context.node.name}' (Squeeze): its axes are not constant`)
      return [{ dtype: x.dtype, shape: squeezed(context.node, x.shape, axes) }]
    },
    evaluate: (node, [x, axes]) => reshaped(x!, squeezed(node, x!.shape, axes && toNumbers(axes)) as number[]),
  },
  {
    op: 'Unsqueeze',
    domain: '',
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: {},
    infer: (context) => {
      const [x, axes] = context.inputs
      const count = axes!.shape.length === 0 ? 1 : axes!.shape[0]
      const known = typeof count === 'number' ? axesOf(context, x!.shape.length + count) : undefined
      if (!known)
        throw new TacoError('UNSUPPORTED', `node '${context.node.name}' (Unsqueeze): its axes are not constant`)
      return [{ dtype: x!.dtype, shape: unsqueezed(x!.shape, known) }]
    },
    evaluate: (node, [x, axes]) => {
      const rank = x!.shape.length + axes!.data.length
      const listed = toNumbers(axes!).map((axis) => normalizeAxis(axis, rank, `node '${node.name}'`))
      return reshaped(x!, unsqueezed(x!.shape, listed) as number[])
    },
  },
  {
    op: 'Transpose',
    domain: '',
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { perm: 'ints' },
    infer: ({ node, inputs: [x] }) => [
      { dtype: x!.dtype, shape: permutation(node, x!.shape.length).map((p) => x!.shape[p]!) },
    ],
    evaluate: (node, [x]) => {
      const perm = permutation(node, x!.shape.length)
      const strides = stridesOf(x!.shape)
      const shape = perm.map((p) => x!.shape[p]!)
      return [mapIndex(x!, shape, (index) => index.reduce((at, v, i) => at + v * strides[perm[i]!]!, 0))]
    },
  },
]
