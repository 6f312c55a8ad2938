import { TacoError } from '@tacojs/errors'
import { broadcastShapes, divideDims, multiplyDims, showShape } from '../dims.js'
import type { Dim, Node } from '../graph.js'
import { fromNumbers, int64, sizeOf, toNumbers, zeros, type Tensor } from '../tensor.js'
import { numberAttribute, tensorAttribute } from './attributes.js'
import type { OpDefinition } from './definition.js'
import { broadcastTo } from './index-map.js'
import { unknownShape } from './unknown-shape.js'

/** The part of a shape that a Shape node gives (opset 15: start, end). */
export function shapeSlice(node: Node, shape: readonly Dim[]): readonly Dim[] {
  return shape.slice(numberAttribute(node, 'start', 0), numberAttribute(node, 'end', shape.length))
}

function rangeLength(node: Node, start: number, limit: number, delta: number): number {
  const length = Math.max(0, Math.ceil((limit - start) / delta))
  if (Number.isSafeInteger(length)) return length
  throw new TacoError('INVALID_MODEL', `node '${node.name}' (Range): no end from ${start} to ${limit} by ${delta}`)
}

export const creation: readonly OpDefinition[] = [
  {
    op: 'Shape',
    domain: '',
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { start: 'int', end: 'int' },
    infer: ({ node, inputs: [x] }) => [{ dtype: 'int64', shape: [shapeSlice(node, x!.shape).length] }],
    evaluate: (node, [x]) => {
      const shape = shapeSlice(node, x!.shape) as number[]
      return [int64([shape.length], shape)]
    },
  },
  {
    op: 'Size',
    domain: '',
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: {},
    infer: () => [{ dtype: 'int64', shape: [] }],
    evaluate: (_node, [x]) => [int64([], [sizeOf(x!.shape)])],
  },
  {
    op: 'Constant',
    domain: '',
    inputs: [0, 0],
    outputs: [1, 1],
    attributes: { value: 'tensor' },
    infer: ({ node }) => {
      const value = tensorAttribute(node, 'value')
      if (!value) throw new TacoError('INVALID_MODEL', `node '${node.name}' (Constant) has no value`)
      return [{ dtype: value.dtype, shape: value.shape }]
    },
    evaluate: (node) => [tensorAttribute(node, 'value')!],
  },
  {
    op: 'ConstantOfShape',
    domain: '',
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { value: 'tensor' },
    infer: ({ node, inputs: [shape], elements }) => [
      {
        dtype: tensorAttribute(node, 'value')?.dtype ?? 'float32',
        shape: elements(0) ?? unknownShape(node, shape!.shape[0]),
      },
    ],
    evaluate: (node, [shape]) => {
      const value = tensorAttribute(node, 'value')
      const out = zeros(value?.dtype ?? 'float32', toNumbers(shape!))
      if (value) (out.data as unknown as { fill(v: number | bigint): void }).fill(value.data[0]!)
      return [out]
    },
  },
  {
    op: 'Range',
    domain: '',
    inputs: [3, 3],
    outputs: [1, 1],
    attributes: {},
    infer: ({ node, inputs: [start], constant, elements }) => {
      const values = [0, 1, 2].map((i) => constant(i)).map((t) => t && toNumbers(t)[0]!)
      const [first, limit, step] = values
      let length: Dim = `${node.outputs[0]}.0`
      if (values.every((v) => v !== undefined)) length = rangeLength(node, first!, limit!, step!)
      // 0 … size − 1
      else if (first === 0 && step === 1 && typeof elements(1)?.[0] === 'string') length = elements(1)![0]!
      return [{ dtype: start!.dtype, shape: [length] }]
    },
    evaluate: (node, inputs) => {
      const [start, limit, delta] = inputs.map((t) => toNumbers(t!)[0]!) as [number, number, number]
      const values = Array.from({ length: rangeLength(node, start, limit, delta) }, (_, i) => start + i * delta)
      return [fromNumbers(inputs[0]!.dtype, [values.length], values)]
    },
  },
  {
    op: 'Expand',
    domain: '',
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: {},
    infer: ({ node, inputs: [x, shape], elements }) => {
      const wanted = elements(1)
      if (!wanted) {
        const length = shape!.shape[0]
        const rank = typeof length === 'number' ? Math.max(length, x!.shape.length) : length
        return [{ dtype: x!.dtype, shape: unknownShape(node, rank) }]
      }
      return [{ dtype: x!.dtype, shape: broadcastShapes([x!.shape, wanted], `node '${node.name}' (Expand)`) }]
    },
    evaluate: (node, [x, shape]) => {
      const wanted = broadcastShapes([x!.shape, toNumbers(shape!)], `node '${node.name}' (Expand)`) as number[]
      return [broadcastTo(x as Tensor, wanted)]
    },
  },
  ...(['DepthToSpace', 'SpaceToDepth'] as const).map((op): OpDefinition => ({
    op,
    domain: '',
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { blocksize: 'int', ...(op === 'DepthToSpace' ? { mode: 'string' as const } : {}) },
    infer: ({ node, inputs: [x] }) => {
      const b = numberAttribute(node, 'blocksize')
      const fail = (): never => {
        throw new TacoError(
          'SHAPE_MISMATCH',
          `node '${node.name}' (${op}): ${showShape(x!.shape)} does not divide by blocksize ${b}`,
        )
      }
      if (x!.shape.length !== 4 || b < 1) return fail()
      const [n, ...sizes] = x!.shape as [Dim, Dim, Dim, Dim]
      const up = (dim: Dim, by: number, i: number): Dim => multiplyDims(dim, by) ?? `${node.outputs[0]}.${i + 1}`
      const down = (dim: Dim, by: number, i: number): Dim => {
        if (typeof dim === 'number' && dim % by !== 0) return fail()
        return divideDims(dim, by) ?? `${node.outputs[0]}.${i + 1}`
      }
      const [channels, space] = op === 'DepthToSpace' ? [down, up] : [up, down]
      return [
        {
          dtype: x!.dtype,
          shape: [n, ...sizes.map((dim, i) => (i === 0 ? channels(dim, b * b, 0) : space(dim, b, i)))],
        },
      ]
    },
  })),
]
