import { TacoError } from '@tacojs/errors'
import { compatible, normalizeAxis, showShape } from '../dims.js'
import type { Dim, Node, ValueType } from '../graph.js'
import { fromNumbers, sizeOf, toNumbers, type Tensor } from '../tensor.js'
import { numberAttribute, stringAttribute } from './attributes.js'
import type { OpDefinition } from './definition.js'
import { inside, mapIndex, stridesOf } from './index-map.js'

const axisOf = (node: Node, rank: number, fallback: number): number =>
  normalizeAxis(numberAttribute(node, 'axis', fallback), rank, `node '${node.name}'`)

const mismatch = (node: Node, a: readonly Dim[], b: readonly Dim[]): never => {
  throw new TacoError(
    'SHAPE_MISMATCH',
    `node '${node.name}' (${node.op}): shapes ${showShape(a)} and ${showShape(b)} do not fit`,
  )
}

const reductions: Readonly<Record<string, (old: number, update: number) => number>> = {
  none: (_old, update) => update,
  add: (old, update) => old + update,
  mul: (old, update) => old * update,
  max: Math.max,
  min: Math.min,
}

function reductionOf(node: Node): (old: number, update: number) => number {
  const name = stringAttribute(node, 'reduction', 'none')
  if (Object.hasOwn(reductions, name)) return reductions[name]!
  throw new TacoError('UNSUPPORTED', `node '${node.name}' (${node.op}): reduction '${name}' is not supported`)
}

/** The flat offsets of the runs that the last axis of `indices` [..., k] points to, in a tensor of `shape`. */
function offsets(node: Node, indices: Tensor, shape: readonly number[]): number[] {
  const width = indices.shape.at(-1) ?? 0
  const strides = stridesOf(shape)
  const values = toNumbers(indices)
  return Array.from({ length: sizeOf(indices.shape.slice(0, -1)) }, (_, i) => {
    let at = 0
    for (let k = 0; k < width; k++) at += inside(node, values[i * width + k]!, shape[k]!) * strides[k]!
    return at
  })
}

const topK: OpDefinition = {
  op: 'TopK',
  domain: '',
  inputs: [2, 2],
  outputs: [1, 2],
  attributes: { axis: 'int', largest: 'int', sorted: 'int' },
  infer: ({ node, inputs: [x], elements }) => {
    const axis = axisOf(node, x!.shape.length, -1)
    const k = elements(1)?.[0]
    const size = x!.shape[axis]
    if (typeof k === 'number' && (k < 0 || (typeof size === 'number' && k > size))) {
      throw new TacoError('SHAPE_MISMATCH', `node '${node.name}' (TopK): k is ${k}, its axis has ${size} elements`)
    }
    const shape = x!.shape.map((dim, i) => (i === axis ? (k ?? `${node.outputs[0]}.${i}`) : dim))
    return [
      { dtype: x!.dtype, shape },
      { dtype: 'int64', shape },
    ]
  },
  evaluate: (node, [x, k]) => {
    const axis = axisOf(node, x!.shape.length, -1)
    const count = toNumbers(k!)[0]!
    const [size, step] = [x!.shape[axis]!, sizeOf(x!.shape.slice(axis + 1))]
    const sign = numberAttribute(node, 'largest', 1) ? -1 : 1
    const shape = x!.shape.map((dim, i) => (i === axis ? count : dim))
    const [values, places] = [new Float64Array(sizeOf(shape)), new Float64Array(sizeOf(shape))]
    const from = toNumbers(x!)
    for (let line = 0; line * size < from.length; line++) {
      const [outer, inner] = [Math.floor(line / step), line % step]
      const at = (i: number): number => from[(outer * size + i) * step + inner]!
      // of equals the first one comes first
      const order = Array.from({ length: size }, (_, i) => i).sort((a, b) => sign * (at(a) - at(b)) || a - b)
      for (let i = 0; i < count; i++) {
        values[(outer * count + i) * step + inner] = at(order[i]!)
        places[(outer * count + i) * step + inner] = order[i]!
      }
    }
    return [fromNumbers(x!.dtype, shape, values), fromNumbers('int64', shape, places)]
  },
}

const gatherElements: OpDefinition = {
  op: 'GatherElements',
  domain: '',
  inputs: [2, 2],
  outputs: [1, 1],
  attributes: { axis: 'int' },
  infer: ({ node, inputs: [x, indices] }) => {
    const axis = axisOf(node, x!.shape.length, 0)
    const fits = (dim: Dim, i: number): boolean =>
      i === axis || typeof dim === 'string' || typeof x!.shape[i] === 'string' || dim <= x!.shape[i]!
    if (indices!.shape.length !== x!.shape.length || !indices!.shape.every(fits)) {
      return mismatch(node, x!.shape, indices!.shape)
    }
    return [{ dtype: x!.dtype, shape: indices!.shape }]
  },
  evaluate: (node, [x, indices]) => {
    const axis = axisOf(node, x!.shape.length, 0)
    const strides = stridesOf(x!.shape)
    const values = toNumbers(indices!)
    let next = 0
    return [
      mapIndex(x!, indices!.shape, (index) => {
        const at = inside(node, values[next++]!, x!.shape[axis]!)
        return index.reduce((sum, v, i) => sum + (i === axis ? at : v) * strides[i]!, 0)
      }),
    ]
  },
}

/** How many leading axes of `x` the last axis of `indices` speaks of. */
function width(node: Node, x: ValueType, indices: ValueType, batch: number): number {
  const last = indices.shape.at(-1)
  if (typeof last === 'number' && last <= x.shape.length - batch) return last
  return mismatch(node, x.shape, indices.shape)
}

const gatherND: OpDefinition = {
  op: 'GatherND',
  domain: '',
  inputs: [2, 2],
  outputs: [1, 1],
  attributes: { batch_dims: 'int' },
  infer: ({ node, inputs: [x, indices] }) => {
    const batch = numberAttribute(node, 'batch_dims', 0)
    const count = width(node, x!, indices!, batch)
    return [{ dtype: x!.dtype, shape: [...indices!.shape.slice(0, -1), ...x!.shape.slice(batch + count)] }]
  },
  evaluate: (node, [x, indices]) => {
    const batch = numberAttribute(node, 'batch_dims', 0)
    const count = width(node, x!, indices!, batch)
    const [inner, run] = [x!.shape.slice(batch), sizeOf(x!.shape.slice(batch + count))]
    const starts = offsets(node, indices!, inner)
    const perBatch = starts.length / (sizeOf(x!.shape.slice(0, batch)) || 1)
    const shape = [...indices!.shape.slice(0, -1), ...x!.shape.slice(batch + count)]
    let next = 0
    return [
      mapIndex(x!, shape, () => {
        const i = next++
        const which = Math.floor(i / run)
        return Math.floor(which / perBatch) * sizeOf(inner) + starts[which]! + (i % run)
      }),
    ]
  },
}

const scatterElements: OpDefinition = {
  op: 'ScatterElements',
  domain: '',
  inputs: [3, 3],
  outputs: [1, 1],
  attributes: { axis: 'int', reduction: 'string' },
  infer: ({ node, inputs: [x, indices, updates] }) => {
    axisOf(node, x!.shape.length, 0)
    reductionOf(node)
    if (indices!.shape.length !== x!.shape.length) return mismatch(node, x!.shape, indices!.shape)
    const same = updates!.shape.length === indices!.shape.length
    if (!same || !updates!.shape.every((dim, i) => compatible(dim, indices!.shape[i]!))) {
      return mismatch(node, indices!.shape, updates!.shape)
    }
    return [x!]
  },
  evaluate: (node, [x, indices, updates]) => {
    const axis = axisOf(node, x!.shape.length, 0)
    const reduce = reductionOf(node)
    const [strides, places] = [stridesOf(x!.shape), stridesOf(indices!.shape)]
    const [values, listed] = [toNumbers(x!), toNumbers(indices!)]
    toNumbers(updates!).forEach((update, flat) => {
      let at = 0
      strides.forEach((stride, i) => {
        const own = Math.floor(flat / places[i]!) % indices!.shape[i]!
        at += inside(node, i === axis ? listed[flat]! : own, x!.shape[i]!) * stride
      })
      values[at] = reduce(values[at]!, update)
    })
    return [fromNumbers(x!.dtype, x!.shape, values)]
  },
}

const scatterND: OpDefinition = {
  op: 'ScatterND',
  domain: '',
  inputs: [3, 3],
  outputs: [1, 1],
  attributes: { reduction: 'string' },
  infer: ({ node, inputs: [x, indices, updates] }) => {
    reductionOf(node)
    const shape = [...indices!.shape.slice(0, -1), ...x!.shape.slice(width(node, x!, indices!, 0))]
    const same = shape.length === updates!.shape.length
    if (!same || !shape.every((dim, i) => compatible(dim, updates!.shape[i]!)))
      return mismatch(node, shape, updates!.shape)
    return [x!]
  },
  evaluate: (node, [x, indices, updates]) => {
    const reduce = reductionOf(node)
    const run = sizeOf(x!.shape.slice(indices!.shape.at(-1)))
    const starts = offsets(node, indices!, x!.shape)
    const values = toNumbers(x!)
    toNumbers(updates!).forEach((update, i) => {
      const at = starts[Math.floor(i / run)]! + (i % run)
      values[at] = reduce(values[at]!, update)
    })
    return [fromNumbers(x!.dtype, x!.shape, values)]
  },
}

export const indexing: readonly OpDefinition[] = [topK, gatherElements, gatherND, scatterElements, scatterND]
