import { sizeOf, type Node, type Tensor } from '@tacojs/graph'
import { axisOf, broadcastOffsets, make, num, values, type Kernel, type Kernels } from './kernel.js'

/** Collects the elements that fall on each place of the result, in the order of the input, and reduces them with f. */
function reduce(
  x: Tensor,
  axes: readonly number[],
  keep: boolean,
  f: (cells: number[]) => number,
): [number[], Float64Array] {
  const gone = new Set(axes.map((a) => axisOf(a, x.shape.length)))
  const kept = x.shape.map((d, i) => (gone.has(i) ? 1 : d))
  const cells = Array.from({ length: sizeOf(kept) }, (): number[] => [])
  // every element falls where broadcasting the result back would read
  const places = broadcastOffsets(x.shape, kept)
  values(x).forEach((v, i) => cells[places[i]!]!.push(v))
  return [keep ? kept : x.shape.filter((_, i) => !gone.has(i)), Float64Array.from(cells, f)]
}

const keepdims = (node: Node): boolean => num(node, 'keepdims', 1) !== 0

const reduction =
  (f: (cells: number[]) => number): Kernel =>
  (node, [x, axesInput]) => {
    let axes = axesInput ? [...values(axesInput)] : []
    if (axes.length === 0) {
      if (num(node, 'noop_with_empty_axes', 0)) return [x!]
      axes = x!.shape.map((_, i) => i)
    }
    const [shape, out] = reduce(x!, axes, keepdims(node), f)
    return [make(x!.dtype, shape, out)]
  }

const extremum =
  (better: (a: number, b: number) => boolean): Kernel =>
  (node, [x]) => {
    const last = num(node, 'select_last_index', 0) !== 0
    const [shape, out] = reduce(x!, [num(node, 'axis', 0)], keepdims(node), (cells) => {
      let best = 0
      cells.forEach((v, i) => {
        if (better(v, cells[best]!) || (last && v === cells[best])) best = i
      })
      return best
    })
    return [make('int64', shape, out)]
  }

const sum = (cells: readonly number[]): number => cells.reduce((a, b) => a + b, 0)

export const reductions: Kernels = {
  ReduceMean: reduction((c) => sum(c) / c.length),
  ReduceSum: reduction(sum),
  ReduceMax: reduction((c) => c.reduce((a, b) => Math.max(a, b), -Infinity)),
  ReduceMin: reduction((c) => c.reduce((a, b) => Math.min(a, b), Infinity)),
  ReduceProd: reduction((c) => c.reduce((a, b) => a * b, 1)),
  ReduceL1: reduction((c) => sum(c.map(Math.abs))),
  ReduceL2: reduction((c) => Math.sqrt(sum(c.map((v) => v * v)))),
  ReduceSumSquare: reduction((c) => sum(c.map((v) => v * v))),
  ArgMax: extremum((a, b) => a > b),
  ArgMin: extremum((a, b) => a < b),
}
