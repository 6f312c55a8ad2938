import { TacoError } from '@tacojs/errors'
import type { Dim } from '@tacojs/graph'
import { place, refuse, type ConvertContext, type Converter } from './converter.js'
import type { RawNode } from '../flatten.js'
import { Writer } from './writer.js'

/** A value and the label of each of its axes. */
interface Term {
  readonly value: string
  readonly labels: readonly string[]
}

/**
 * Einsum: the operands are joined one after the other, each join a MatMul of [batch, rows, sum] and [batch, sum,
 * columns], what the labels demand done with Transpose, Reshape and ReduceSum. A label that one operand has twice (a
 * diagonal) is refused.
 */
export const einsum: Converter = (node, context) => {
  const { equation } = node.attributes
  if (typeof equation !== 'string') throw new TacoError('INVALID_MODEL', `${place(node)}: it has no equation`)
  const terms = parse(node, equation, context)
  const sizes = new Map<string, Dim>()
  for (const { value, labels } of terms.operands) {
    context.typeOf(value).shape.forEach((dim, i) => {
      const known = sizes.get(labels[i]!)
      if (known === 1 && dim !== 1) refuse(node, `label ${labels[i]} is broadcast`)
      if (known === undefined || typeof dim === 'number') sizes.set(labels[i]!, dim)
    })
  }
  const w = new Writer(node, context)
  const [first, ...others] = terms.operands
  let sofar = first!
  others.forEach((next, i) => {
    const later = new Set([...terms.result, ...others.slice(i + 1).flatMap((t) => t.labels)])
    sofar = join(node, w, sofar, next, later, sizes)
  })
  sofar = sum(w, sofar, new Set(terms.result))
  return w.end('Transpose', [sofar.value], { perm: terms.result.map((label) => sofar.labels.indexOf(label)) })
}

function parse(node: RawNode, equation: string, context: ConvertContext): { operands: Term[]; result: string[] } {
  const wrong = (why: string): never => {
    throw new TacoError('INVALID_MODEL', `${place(node)}: the equation "${equation}" ${why}`)
  }
  const [left = '', right, ...more] = equation.replaceAll(' ', '').split('->')
  const parts = left.split(',')
  if (more.length || parts.length !== node.inputs.length) wrong(`does not fit ${node.inputs.length} inputs`)
  // the axes that an ellipsis stands for get labels of their own, counted from the end
  let widest = 0
  const operands = parts.map((part, i): Term => {
    const value = node.inputs[i]!
    const rank = context.typeOf(value).shape.length
    if (!/^[A-Za-z]*(\.\.\.)?[A-Za-z]*$/.test(part)) wrong('cannot be read')
    const hidden = part.includes('...') ? rank - (part.length - 3) : 0
    if (hidden < 0 || (hidden === 0 && part.replace('...', '').length !== rank))
      wrong(`does not fit input ${i} of rank ${rank}`)
    widest = Math.max(widest, hidden)
    const labels = expand(part, hidden)
    if (new Set(labels).size !== labels.length) refuse(node, `the equation "${equation}" takes a diagonal`)
    return { value, labels }
  })
  const all = operands.flatMap((t) => t.labels)
  const once = [...new Set(all)].filter((l) => all.indexOf(l) === all.lastIndexOf(l) && !l.startsWith('.')).sort()
  const result = right === undefined ? [...expand('...', widest), ...once] : expand(right, widest)
  if (result.some((l) => !all.includes(l)) || new Set(result).size !== result.length) wrong('has a wrong result')
  return { operands, result }
}

const expand = (part: string, hidden: number): string[] => {
  const [before = '', after] = part.split('...')
  const ellipsis = after === undefined ? [] : Array.from({ length: hidden }, (_, i) => `.${hidden - i}`)
  return [...before, ...ellipsis, ...(after ?? '')]
}

/** Sums over the labels that nobody needs any more. */
function sum(w: Writer, term: Term, needed: ReadonlySet<string>): Term {
  const gone = term.labels.flatMap((label, i) => (needed.has(label) ? [] : [i]))
  if (gone.length === 0) return term
  const value = w.add('ReduceSum', [term.value, w.ints('axes', gone)], { keepdims: 0 })
  return { value, labels: term.labels.filter((label) => needed.has(label)) }
}

function join(
  node: RawNode,
  w: Writer,
  left: Term,
  right: Term,
  later: ReadonlySet<string>,
  sizes: ReadonlyMap<string, Dim>,
): Term {
  const a = sum(w, left, new Set([...later, ...right.labels]))
  const b = sum(w, right, new Set([...later, ...left.labels]))
  const both = a.labels.filter((label) => b.labels.includes(label))
  const batch = both.filter((label) => later.has(label))
  const summed = both.filter((label) => !later.has(label))
  const rows = a.labels.filter((label) => !both.includes(label))
  const columns = b.labels.filter((label) => !both.includes(label))
  /** Axes in the given order, those of each group merged into one; batch axes stay as they are. */
  const arranged = (term: Term, ...groups: (readonly string[])[]): string => {
    const order = [...batch, ...groups.flat()]
    const perm = order.map((label) => term.labels.indexOf(label))
    const moved = w.add('Transpose', [term.value], { perm })
    if (groups.every((group) => group.length === 1)) return moved
    return w.reshape(moved, shapeOf(node, [...batch.map((l) => [l]), ...groups], sizes))
  }
  const product = w.add('MatMul', [arranged(a, rows, summed), arranged(b, summed, columns)])
  const labels = [...batch, ...rows, ...columns]
  if (rows.length === 1 && columns.length === 1) return { value: product, labels }
  return {
    value: w.reshape(
      product,
      shapeOf(
        node,
        labels.map((l) => [l]),
        sizes,
      ),
    ),
    labels,
  }
}

/** A shape in numbers: one symbol may be left, as -1. */
function shapeOf(node: RawNode, groups: readonly (readonly string[])[], sizes: ReadonlyMap<string, Dim>): number[] {
  let open = 0
  const shape = groups.map((group) => {
    const dims = group.map((label) => sizes.get(label)!)
    if (dims.every((dim) => typeof dim === 'number')) return dims.reduce((x, y) => x * y, 1)
    open++
    return -1
  })
  return open > 1 ? refuse(node, 'two of its sizes are not known') : shape
}
