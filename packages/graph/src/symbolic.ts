import { broadcastShapes, divideDims, multiplyDims, normalizeAxis, productOf } from './dims.js'
import type { Dim, Node, ValueType } from './graph.js'
import { numberAttribute } from './ops/attributes.js'
import { castTarget } from './ops/cast.js'
import { shapeSlice } from './ops/creation.js'
import { sliceRanges } from './ops/slicing.js'

/** The elements of a small integer tensor (rank 0 or 1), some of them symbolic dimensions. */
export interface Elements {
  readonly rank: 0 | 1
  readonly values: readonly Dim[]
}

const numbers = (e: Elements | undefined): number[] | undefined =>
  e && e.values.every((v) => typeof v === 'number') ? (e.values as number[]).slice() : undefined

type Arithmetic = (a: Dim, b: Dim) => Dim | undefined

const numeric =
  (f: (a: number, b: number) => number): Arithmetic =>
  (a, b) =>
    typeof a === 'number' && typeof b === 'number' ? f(a, b) : undefined

/** A symbol is a size, so it equals no negative number; whether it is 0 or 1 is not known. */
const equal: Arithmetic = (a, b) => {
  if (a === b) return 1
  if (typeof a === 'number' && typeof b === 'number') return 0
  const other = typeof a === 'number' ? a : b
  return typeof other === 'number' && other < 0 ? 0 : undefined
}

const arithmetic: Readonly<Record<string, Arithmetic>> = {
  Mul: multiplyDims,
  Div: divideDims,
  Add: (a, b) => (a === 0 ? b : b === 0 ? a : numeric((x, y) => x + y)(a, b)),
  Sub: (a, b) => (b === 0 ? a : a === b ? 0 : numeric((x, y) => x - y)(a, b)),
  Equal: equal,
}

/**
 * Follows shape arithmetic through one node: what exporters write to reshape with a batch that is not known.
 * Returns undefined where the elements cannot be known.
 */
export function propagate(
  node: Node,
  types: readonly (ValueType | undefined)[],
  inputs: readonly (Elements | undefined)[],
): Elements | undefined {
  const [a, b] = inputs
  switch (node.op) {
    case 'Shape':
      return types[0] && { rank: 1, values: shapeSlice(node, types[0].shape) }
    case 'Size':
      return types[0] && single(productOf(types[0].shape), 0)
    case 'ReduceProd':
      // of a vector, so whatever its axes say, along the only one
      if (a?.rank !== 1 || numberAttribute(node, 'noop_with_empty_axes', 0) !== 0) return undefined
      return single(productOf(a.values), numberAttribute(node, 'keepdims', 1) === 0 ? 0 : 1)
    case 'Identity':
    case 'Floor':
      return a
    case 'Cast':
      // as a truth value it is another number, and a symbol's is not known
      return castTarget(node) === 'bool' ? undefined : a
    case 'Unsqueeze':
      return a?.rank === 0 ? { rank: 1, values: a.values } : undefined
    case 'Reshape':
      return a && b && b.values.length <= 1 ? { rank: b.values.length as 0 | 1, values: a.values } : undefined
    case 'Squeeze':
      return a && (a.values.length === 1 ? { rank: 0, values: a.values } : undefined)
    case 'Gather':
      return a && b && gather(node, a, b)
    case 'Concat':
      return inputs.every((e) => e) ? { rank: 1, values: inputs.flatMap((e) => e!.values) } : undefined
    case 'Slice':
      return a && slice(node, a, inputs)
    case 'Where':
      return where(inputs)
  }
  const f = node.domain === '' ? arithmetic[node.op] : undefined
  return f && a && b ? combine(a, b, f) : undefined
}

const single = (value: Dim | undefined, rank: 0 | 1): Elements | undefined =>
  value === undefined ? undefined : { rank, values: [value] }

function gather(node: Node, from: Elements, index: Elements): Elements | undefined {
  const picked = numbers(index)
  if (!picked || from.rank !== 1) return undefined
  normalizeAxis(numberAttribute(node, 'axis', 0), 1, `node '${node.name}'`)
  const values = picked.map((i) => from.values[i < 0 ? i + from.values.length : i])
  return values.some((v) => v === undefined) ? undefined : { rank: index.rank, values: values as Dim[] }
}

function slice(node: Node, from: Elements, inputs: readonly (Elements | undefined)[]): Elements | undefined {
  const [starts, ends, axes, steps] = inputs.slice(1).map(numbers)
  if (!starts || !ends || (node.inputs[3] && !axes) || (node.inputs[4] && !steps)) return undefined
  const [range] = sliceRanges(node, [from.values.length], starts, ends, axes, steps)
  const values = Array.from({ length: range!.length as number }, (_, i) => from.values[range!.start + i * range!.step]!)
  return { rank: 1, values }
}

function combine(a: Elements, b: Elements, f: Arithmetic): Elements | undefined {
  const lengths = [a.values.length, b.values.length]
  const count = lengths.includes(0) ? 0 : Math.max(...lengths)
  if ([a, b].some((e) => e.values.length !== count && e.values.length !== 1)) return undefined
  const at = (e: Elements, i: number): Dim => e.values[e.values.length === 1 ? 0 : i]!
  const values = Array.from({ length: count }, (_, i) => f(at(a, i), at(b, i)))
  return values.some((v) => v === undefined)
    ? undefined
    : { rank: Math.max(a.rank, b.rank) as 0 | 1, values: values as Dim[] }
}

function where([condition, yes, no]: readonly (Elements | undefined)[]): Elements | undefined {
  const chosen = numbers(condition)
  if (!chosen || !yes || !no) return undefined
  const shapes = [chosen, yes.values, no.values].map((values) => [values.length])
  const [count] = broadcastShapes(shapes, 'Where') as number[]
  const at = (values: readonly Dim[], i: number): Dim => values[values.length === 1 ? 0 : i]!
  return {
    rank: [condition!, yes, no].some((e) => e.rank === 1) ? 1 : 0,
    values: Array.from({ length: count! }, (_, i) => (at(chosen, i) ? at(yes.values, i) : at(no.values, i))),
  }
}
