import { numberAttribute, sizeOf, toNumbers, type Node } from '@tacojs/graph'
import { runsOf } from '../layout/runs.js'
import { merge, reshapeView, type View } from '../layout/view.js'
import { Op, Reduction, Unary } from '../opcodes.js'
import type { Planner } from '../plan/planner.js'
import { quads } from '../plan/quads.js'
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

/** Runs of neighbours that are worth vectors, on average. */
const fewest = 4

/** What is reduced to one result, as runs of neighbours: [byte offset, bytes] each. */
function reducedRuns(tables: readonly Int32Array[]): number[] {
  const runs = (t: Int32Array): number => t.length / runsOf(t).length
  // in whatever order makes them long
  const last = tables.reduce((best, t) => (runs(t) > runs(best) ? t : best))
  const others = merge(tables.filter((t) => t !== last))
  const out: number[] = []
  for (const offset of others) {
    for (const [, first, length] of runsOf(last)) {
      const end = out.length - 2
      const at = (offset + first) * 4
      if (end >= 0 && out[end]! + out[end + 1]! === at) out[end + 1]! += length * 4
      else out.push(at, length * 4)
    }
  }
  return out
}

/** Reduces the axes; they stay with size 1. */
export function emitReduce(p: Planner, x: View, axes: readonly number[], kind: Reduction, factor: number): View {
  const shape = x.shape.map((s, d) => (axes.includes(d) ? 1 : s))
  const y = p.fresh(shape)
  const outer = shape.map((_, d) => d).filter((d) => !axes.includes(d))
  let yBase = y.base
  for (const d of axes) yBase += y.tables[d]![0]!
  const [from, to] = [merge(outer.map((d) => x.tables[d]!)), merge(outer.map((d) => y.tables[d]!))]
  const runs = reducedRuns(axes.map((d) => x.tables[d]!))
  const elements = sizeOf(axes.map((d) => x.shape[d]!))
  // vectors along what is reduced, or else along neighbouring results
  const along = elements / (runs.length / 2) >= fewest
  const { fours, ones } = quads(from, to, along ? Infinity : fewest)
  p.command(
    [x.storage],
    [y.storage],
    Op.Reduce,
    from.length >= p.parts * 4 ? p.parts : 1,
    at(x.storage, x.base),
    at(y.storage, yBase),
    fours,
    fours.words.length / 5,
    ones,
    ones.words.length / 2,
    chunk(runs),
    runs.length / 2,
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
