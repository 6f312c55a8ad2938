import { numberAttribute, sizeOf, toNumbers, type Node } from '@tacojs/graph'
import { merge, reshapeView, type View } from '../layout/view.js'
import { Op, Reduction, Unary } from '../opcodes.js'
import type { Planner } from '../plan/planner.js'
import { at, chunk, f32 } from '../plan/words.js'
import type { Context } from './context.js'
import { emitUnary } from './unary.js'

const kinds: Readonly<Record<string, Reduction>> = {
  ReduceSum: Reduction.Sum,
  ReduceMean: Reduction.Sum,
  ReduceMax: Reduction.Max,
  ReduceMin: Reduction.Min,
  ReduceProd: Reduction.Product,
  ReduceSumSquare: Reduction.SumOfSquares,
  ReduceL1: Reduction.SumOfMagnitudes,
  ReduceL2: Reduction.SumOfSquares,
  GlobalAveragePool: Reduction.Sum,
  GlobalMaxPool: Reduction.Max,
}

export const canReduce = (op: string): boolean => op in kinds

/** Reduces the axes; they stay with size 1. */
export function emitReduce(p: Planner, x: View, axes: readonly number[], kind: Reduction, factor: number): View {
  const shape = x.shape.map((s, d) => (axes.includes(d) ? 1 : s))
  const y = p.fresh(shape)
  const outer = shape.map((_, d) => d).filter((d) => !axes.includes(d))
  const xs = outer.map((d) => x.tables[d]!)
  const ys = outer.map((d) => y.tables[d]!)
  let yBase = y.base
  for (const d of axes) yBase += y.tables[d]![0]!
  // one outer dimension of several, so that parts are even
  const [xOuter, yOuter] = [merge(xs), merge(ys)]
  const inner = axes.map((d) => x.tables[d]!)
  p.command(
    [x.storage],
    [y.storage],
    Op.Reduce,
    xOuter.length >= p.parts * 4 ? p.parts : 1,
    at(x.storage, x.base),
    at(y.storage, yBase),
    1,
    chunk([xOuter.length, ...inner.map((t) => t.length)]),
    chunk([p.table(xOuter), ...inner.map((t) => p.table(t))]),
    chunk([p.table(yOuter)]),
    inner.length,
    kind,
    f32(factor),
  )
  p.zeroMargins(y.storage)
  return y
}

export function lowerReduce(c: Context, node: Node): boolean {
  const { p } = c
  const x = p.view(node.inputs[0]!)
  const rank = x.shape.length
  const isGlobal = node.op.startsWith('Global')
  let axes: number[]
  if (isGlobal) axes = x.shape.map((_, d) => d).slice(2)
  else {
    const given = node.inputs[1] ? p.constantTensor(node.inputs[1]) : undefined
    if (node.inputs[1] && !given) return false
    const list = given ? toNumbers(given) : [...((node.attributes.axes as readonly number[] | undefined) ?? [])]
    if (list.length === 0 && numberAttribute(node, 'noop_with_empty_axes', 0) !== 0) {
      p.set(node.outputs[0]!, x)
      return true
    }
    axes = list.length > 0 ? list.map((a) => (a < 0 ? a + rank : a)).sort((a, b) => a - b) : x.shape.map((_, d) => d)
  }
  const shape = p.shapeOf(node.outputs[0]!)
  if (axes.length === 0 || sizeOf(x.shape) === 0) return false
  const mean = node.op === 'ReduceMean' || node.op === 'GlobalAveragePool'
  const n = sizeOf(axes.map((d) => x.shape[d]!))
  let y = emitReduce(p, x, axes, kinds[node.op]!, mean ? 1 / n : 1)
  if (node.op === 'ReduceL2') y = emitUnary(p, y, Unary.Sqrt, 0, 0)
  p.set(node.outputs[0]!, reshapeView(y, shape) ?? reshapeView(p.contiguous(y), shape)!)
  p.note(node, 'reduction')
  return true
}
