import { TacoError } from '@tacojs/errors'
import { compatible, divideDims, multiplyDims, normalizeAxis, showShape } from '../dims.js'
import type { Dim, Node } from '../graph.js'
import { fromNumbers, toNumbers, type Tensor } from '../tensor.js'
import { numberAttribute, stringAttribute } from './attributes.js'
import type { OpDefinition } from './definition.js'
import { inside, mapIndex, stridesOf } from './index-map.js'

/** First index, step and length per axis of a Slice, its negative and clamped forms resolved. */
export function sliceRanges(
  node: Node,
  shape: readonly Dim[],
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[] | undefined,
  steps: readonly number[] | undefined,
): { start: number; step: number; length: Dim }[] {
  if (ends.length !== starts.length || [axes, steps].some((l) => l && l.length !== starts.length)) {
    throw new TacoError('INVALID_MODEL', `node '${node.name}' (Slice): starts, ends, axes and steps differ in length`)
  }
  const ranges = shape.map((length): { start: number; step: number; length: Dim } => ({ start: 0, step: 1, length }))
  starts.forEach((start, i) => {
    const axis = normalizeAxis(axes?.[i] ?? i, shape.length, `node '${node.name}'`)
    const step = steps?.[i] ?? 1
    const size = shape[axis]!
    const end = ends[i]!
    if (step === 0) throw new TacoError('INVALID_MODEL', `node '${node.name}' (Slice): a step is zero`)
    if (typeof size === 'string') {
      if (start === 0 && step === 1 && end >= 2 ** 31 - 1) return
      ranges[axis] = { start, step, length: `${node.outputs[0]}.${axis}` }
      return
    }
    const clamp = (v: number, low: number, high: number): number => Math.min(Math.max(v < 0 ? v + size : v, low), high)
    const [first, last] =
      step > 0 ? [clamp(start, 0, size), clamp(end, 0, size)] : [clamp(start, 0, size - 1), clamp(end, -1, size - 1)]
    ranges[axis] = { start: first, step, length: Math.max(0, Math.ceil((last - first) / step)) }
  })
  return ranges
}

const list = (t: Tensor | undefined): number[] | undefined => t && toNumbers(t)

function splitSizes(node: Node, size: Dim, given: Tensor | undefined): Dim[] {
  if (given) return toNumbers(given)
  const count = node.outputs.length
  if (typeof size === 'string') {
    const equal = divideDims(size, count)
    return node.outputs.map((o) => equal ?? `${o}.split`)
  }
  const each = Math.ceil(size / count)
  return node.outputs.map((_, i) => Math.max(0, Math.min(each, size - i * each)))
}

/** Which element of a line of `size` a padded place shows; -1 for the constant. */
function paddedSource(place: number, size: number, mode: string): number {
  if (mode === 'edge') return Math.min(Math.max(place, 0), size - 1)
  if (mode === 'constant') return place < size ? place : -1
  const period = Math.max(1, 2 * (size - 1))
  const within = ((place % period) + period) % period
  return within < size ? within : period - within
}

const concatAxis = (node: Node, rank: number): number =>
  normalizeAxis(numberAttribute(node, 'axis'), rank, `node '${node.name}'`)

export const slicing: readonly OpDefinition[] = [
  {
    op: 'Concat',
    domain: '',
    inputs: [1, Infinity],
    outputs: [1, 1],
    attributes: { axis: 'int' },
    infer: ({ node, inputs }) => {
      const first = inputs[0]!
      const axis = concatAxis(node, first.shape.length)
      let total: Dim = 0
      for (const x of inputs) {
        const fits =
          x!.dtype === first.dtype &&
          x!.shape.length === first.shape.length &&
          x!.shape.every((d, i) => i === axis || compatible(d, first.shape[i]!))
        if (!fits)
          throw new TacoError(
            'SHAPE_MISMATCH',
            `node '${node.name}' (Concat): ${first.dtype} ${showShape(first.shape)} and ${x!.dtype} ${showShape(x!.shape)} do not fit`,
          )
        const dim: Dim = x!.shape[axis]!
        total =
          typeof total === 'number' && typeof dim === 'number'
            ? total + dim
            : inputs.length === 1
              ? dim
              : `${node.outputs[0]}.${axis}`
      }
      const shape = first.shape.map((d, i) => {
        if (i === axis) return total
        return inputs.map((x) => x!.shape[i]!).find((other) => typeof other === 'number') ?? d
      })
      return [{ dtype: first.dtype, shape }]
    },
    evaluate: (node, inputs) => {
      const tensors = inputs as Tensor[]
      const axis = concatAxis(node, tensors[0]!.shape.length)
      const shape = tensors[0]!.shape.map((d, i) =>
        i === axis ? tensors.reduce((sum, t) => sum + t.shape[axis]!, 0) : d,
      )
      let base: Tensor | undefined
      let begin = 0
      for (const t of tensors) {
        const strides = stridesOf(t.shape)
        const end = begin + t.shape[axis]!
        const from = begin
        const part = mapIndex(t, shape, (index) =>
          index[axis]! < from || index[axis]! >= end
            ? -1
            : index.reduce((at, v, i) => at + (i === axis ? v - from : v) * strides[i]!, 0),
        )
        if (base) {
          const [to, add] = [base.data, part.data] as unknown as { [i: number]: number | bigint }[]
          const inside = stridesOf(shape)[axis]!
          for (let i = 0; i < part.data.length; i++) {
            const at = Math.floor(i / inside) % shape[axis]!
            if (at >= from && at < end) to![i] = add![i]!
          }
        } else base = part
        begin = end
      }
      return [base!]
    },
  },
  {
    op: 'Split',
    domain: '',
    inputs: [1, 2],
    outputs: [1, Infinity],
    attributes: { axis: 'int', num_outputs: 'int' },
    infer: ({ node, inputs: [x], constant }) => {
      const axis = normalizeAxis(numberAttribute(node, 'axis', 0), x!.shape.length, `node '${node.name}'`)
      const given = constant(1)
      if (node.inputs[1] && !given)
        return node.outputs.map((o) => ({
          dtype: x!.dtype,
          shape: x!.shape.map((d, i) => (i === axis ? `${o}.split` : d)),
        }))
      const sizes = splitSizes(node, x!.shape[axis]!, given)
      const sum = sizes.reduce<number>((a, b) => a + (typeof b === 'number' ? b : 0), 0)
      if (sizes.length !== node.outputs.length || (typeof x!.shape[axis] === 'number' && sum !== x!.shape[axis])) {
        throw new TacoError(
          'SHAPE_MISMATCH',
          `node '${node.name}' (Split): sizes [${sizes.join(', ')}] do not fit ${showShape(x!.shape)}`,
        )
      }
      return sizes.map((size) => ({ dtype: x!.dtype, shape: x!.shape.map((d, i) => (i === axis ? size : d)) }))
    },
    evaluate: (node, [x, given]) => {
      const axis = normalizeAxis(numberAttribute(node, 'axis', 0), x!.shape.length, `node '${node.name}'`)
      const strides = stridesOf(x!.shape)
      let begin = 0
      return (splitSizes(node, x!.shape[axis]!, given) as number[]).map((size) => {
        const from = begin
        begin += size
        const shape = x!.shape.map((d, i) => (i === axis ? size : d))
        return mapIndex(x!, shape, (index) =>
          index.reduce((at, v, i) => at + (i === axis ? v + from : v) * strides[i]!, 0),
        )
      })
    },
  },
  {
    op: 'Slice',
    domain: '',
    inputs: [3, 5],
    outputs: [1, 1],
    attributes: {},
    infer: ({ node, inputs: [x, , , axes], constant }) => {
      const [starts, ends] = [constant(1), constant(2)]
      const listed = list(constant(3))
      if (!starts || !ends || (axes && !listed)) {
        return [{ dtype: x!.dtype, shape: x!.shape.map((_, i) => `${node.outputs[0]}.${i}`) }]
      }
      const ranges = sliceRanges(node, x!.shape, toNumbers(starts), toNumbers(ends), listed, list(constant(4)))
      return [{ dtype: x!.dtype, shape: ranges.map((r) => r.length) }]
    },
    evaluate: (node, [x, starts, ends, axes, steps]) => {
      const ranges = sliceRanges(node, x!.shape, toNumbers(starts!), toNumbers(ends!), list(axes), list(steps))
      const strides = stridesOf(x!.shape)
      return [
        mapIndex(
          x!,
          ranges.map((r) => r.length as number),
          (index) => index.reduce((at, v, i) => at + (ranges[i]!.start + v * ranges[i]!.step) * strides[i]!, 0),
        ),
      ]
    },
  },
  {
    op: 'Gather',
    domain: '',
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: { axis: 'int' },
    infer: ({ node, inputs: [x, indices] }) => {
      const axis = normalizeAxis(numberAttribute(node, 'axis', 0), x!.shape.length, `node '${node.name}'`)
      return [{ dtype: x!.dtype, shape: [...x!.shape.slice(0, axis), ...indices!.shape, ...x!.shape.slice(axis + 1)] }]
    },
    evaluate: (node, [x, indices]) => {
      const axis = normalizeAxis(numberAttribute(node, 'axis', 0), x!.shape.length, `node '${node.name}'`)
      const size = x!.shape[axis]!
      const picked = toNumbers(indices!).map((i) => inside(node, i, size))
      const [strides, inner] = [stridesOf(x!.shape), stridesOf(indices!.shape)]
      const rank = indices!.shape.length
      const shape = [...x!.shape.slice(0, axis), ...indices!.shape, ...x!.shape.slice(axis + 1)]
      return [
        mapIndex(x!, shape, (index) => {
          let which = 0
          for (let d = 0; d < rank; d++) which += index[axis + d]! * inner[d]!
          let at = picked[which]! * strides[axis]!
          for (let d = 0; d < axis; d++) at += index[d]! * strides[d]!
          for (let d = axis + 1; d < strides.length; d++) at += index[d + rank - 1]! * strides[d]!
          return at
        }),
      ]
    },
  },
  {
    op: 'Pad',
    domain: '',
    inputs: [2, 4],
    outputs: [1, 1],
    attributes: { mode: 'string' },
    infer: ({ node, inputs: [x, , , axes], constant }) => {
      const rank = x!.shape.length
      const pads = list(constant(1))
      const listed = axes ? list(constant(3)) : x!.shape.map((_, i) => i)
      const mode = stringAttribute(node, 'mode', 'constant')
      if (!['constant', 'reflect', 'edge'].includes(mode))
        throw new TacoError('UNSUPPORTED', `node '${node.name}' (Pad): mode '${mode}' is not supported`)
      if (!pads || !listed) return [{ dtype: x!.dtype, shape: x!.shape.map((_, i) => `${node.outputs[0]}.${i}`) }]
      if (pads.length !== 2 * listed.length)
        throw new TacoError(
          'SHAPE_MISMATCH',
          `node '${node.name}' (Pad): ${pads.length} pads do not fit ${listed.length} axes`,
        )
      const shape = [...x!.shape]
      listed.forEach((a, i) => {
        const axis = normalizeAxis(a, rank, `node '${node.name}'`)
        const total = pads[i]! + pads[i + listed.length]!
        const dim = shape[axis]!
        shape[axis] = total === 0 ? dim : typeof dim === 'number' ? dim + total : `${node.outputs[0]}.${axis}`
      })
      return [{ dtype: x!.dtype, shape }]
    },
    evaluate: (node, [x, pads, fill, axes]) => {
      const rank = x!.shape.length
      const [amounts, listed] = [toNumbers(pads!), axes ? toNumbers(axes) : x!.shape.map((_, i) => i)]
      const begins = new Array<number>(rank).fill(0)
      const shape = [...x!.shape]
      listed.forEach((a, i) => {
        const axis = normalizeAxis(a, rank, `node '${node.name}'`)
        begins[axis] = amounts[i]!
        shape[axis]! += amounts[i]! + amounts[i + listed.length]!
      })
      const mode = stringAttribute(node, 'mode', 'constant')
      const strides = stridesOf(x!.shape)
      const padded = mapIndex(x!, shape, (index) => {
        let at = 0
        for (let d = 0; d < rank; d++) {
          const from = paddedSource(index[d]! - begins[d]!, x!.shape[d]!, mode)
          if (from < 0) return -1
          at += from * strides[d]!
        }
        return at
      })
      const value = fill && fromNumbers(x!.dtype, [1], [toNumbers(fill)[0]!]).data[0]
      if (mode !== 'constant' || !value) return [padded]
      const data = padded.data as { [i: number]: number | bigint }
      const places = stridesOf(shape)
      for (let i = 0; i < padded.data.length; i++) {
        const isInside = places.every((place, d) => {
          const from = (Math.floor(i / place) % shape[d]!) - begins[d]!
          return from >= 0 && from < x!.shape[d]!
        })
        if (!isInside) data[i] = value
      }
      return [padded]
    },
  },
  {
    op: 'Tile',
    domain: '',
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: {},
    infer: ({ node, inputs: [x], elements }) => {
      const repeats = elements(1)
      if (repeats && repeats.length !== x!.shape.length)
        throw new TacoError(
          'SHAPE_MISMATCH',
          `node '${node.name}' (Tile): ${repeats.length} repeats do not fit ${showShape(x!.shape)}`,
        )
      return [
        {
          dtype: x!.dtype,
          shape: x!.shape.map((dim, i) => (repeats && multiplyDims(dim, repeats[i]!)) ?? `${node.outputs[0]}.${i}`),
        },
      ]
    },
    evaluate: (_node, [x, repeats]) => {
      const strides = stridesOf(x!.shape)
      const shape = toNumbers(repeats!).map((r, i) => r * x!.shape[i]!)
      return [mapIndex(x!, shape, (index) => index.reduce((at, v, i) => at + (v % x!.shape[i]!) * strides[i]!, 0))]
    },
  },
]
