import { runsOf } from '../layout/runs.js'
import { isEven, merge, type View } from '../layout/view.js'
import { Leaf, Op } from '../opcodes.js'
import type { Planner } from './planner.js'
import { quads } from './quads.js'
import { at, chunk, type Word } from './words.js'

/** One dimension of a copy: where its indices lie in the source and in the target, in floats. */
interface Dimension {
  readonly x: Int32Array
  readonly y: Int32Array
}

/** The fewest neighbouring floats, on average, that vectors are worth it for. */
const fewest = 4
/** Longer runs are cut where threads share them. */
const longest = 1024

/**
 * Copies a view to another of the same shape. The innermost loop goes along floats that neighbour each other in both;
 * where they do so along one dimension in the source and along another in the target, blocks of 4×4 are transposed.
 */
export function emitCopy(p: Planner, from: View, to: View): void {
  const { dims, x, y } = dimensions(from, to)
  const { kind, outer, leaf, shared } = vectors(dims, p.parts) ?? singles(p, dims)
  const first = outer[0]?.x.length ?? 1
  // several threads share the first dimension, or else the innermost
  const even = first % p.parts === 0 || first >= p.parts * 4
  p.command(
    [from.storage],
    [to.storage],
    Op.Copy,
    even || shared ? p.parts : 1,
    at(from.storage, from.base + x),
    at(to.storage, to.base + y),
    outer.length,
    chunk(outer.map((d) => d.x.length)),
    chunk(outer.map((d) => p.table(d.x))),
    chunk(outer.map((d) => p.table(d.y))),
    kind,
    chunk(leaf),
    !even && shared ? 1 : 0,
  )
}

/** The dimensions without those of size 1. */
function dimensions(a: View, b: View): { dims: Dimension[]; x: number; y: number } {
  const dims: Dimension[] = []
  let [x, y] = [0, 0]
  a.shape.forEach((size, d) => {
    const next: Dimension = { x: a.tables[d]!, y: b.tables[d]! }
    if (size > 1) dims.push(next)
    else {
      x += next.x[0]!
      y += next.y[0]!
    }
  })
  return { dims: dims.length > 0 ? dims : [{ x: Int32Array.of(0), y: Int32Array.of(0) }], x, y }
}

/** Short dimensions joined with those before them: fewer turns of the outer loops. */
function joined(dims: readonly Dimension[]): Dimension[] {
  const out: Dimension[] = []
  for (const next of dims) {
    const last = out[out.length - 1]
    if (last && next.x.length < 16 && last.x.length * next.x.length <= 4096) {
      out[out.length - 1] = { x: merge([last.x, next.x]), y: merge([last.y, next.y]) }
    } else out.push(next)
  }
  return out
}

const average = (table: Int32Array): number => table.length / runsOf(table).length

/** Runs of floats that neighbour each other in both. */
function jointRuns({ x, y }: Dimension, most: number): number[] {
  const out: number[] = []
  for (let i = 0; i < x.length;) {
    let n = 1
    while (n < most && i + n < x.length && x[i + n] === x[i]! + n && y[i + n] === y[i]! + n) n++
    out.push(x[i]! * 4, y[i]! * 4, n * 4)
    i += n
  }
  return out
}

interface Innermost {
  readonly kind: Leaf
  readonly outer: readonly Dimension[]
  /** What the innermost loops are over, for the kernel. */
  readonly leaf: readonly Word[]
  /** Whether threads can share these. */
  readonly shared: boolean
}

/** Vectors along neighbours, where there are enough. */
function vectors(dims: readonly Dimension[], parts: number): Innermost | undefined {
  const best = (value: (d: Dimension) => number, some: readonly Dimension[]): [Dimension, number] =>
    some.map((d): [Dimension, number] => [d, value(d)]).reduce((a, b) => (b[1] > a[1] ? b : a))
  const others = (...inner: readonly Dimension[]): Dimension[] => joined(dims.filter((d) => !inner.includes(d)))
  const [joint, length] = best((d) => (3 * d.x.length) / jointRuns(d, Infinity).length, dims)
  if (length >= fewest) {
    const runs = jointRuns(joint, parts > 1 ? longest : Infinity)
    const leaf = [runs.length / 3, chunk(runs)]
    return { kind: Leaf.Runs, outer: others(joint), leaf, shared: runs.length / 3 >= parts * 4 }
  }
  if (dims.length < 2) return undefined
  const [a, ofX] = best((d) => average(d.x), dims)
  const [b, ofY] = best(
    (d) => average(d.y),
    dims.filter((d) => d !== a),
  )
  if (ofX < fewest || ofY < fewest) return undefined
  const lists = [quads(a.x, a.y), quads(b.y, b.x)]
  const leaf = lists.flatMap(({ fours, ones }) => [fours.words.length / 5, fours, ones.words.length / 2, ones])
  return { kind: Leaf.Turned, outer: others(a, b), leaf, shared: a.x.length >= parts * 16 }
}

/** One by one along the last dimension. */
function singles(p: Planner, dims: readonly Dimension[]): Innermost {
  const outer = joined(dims)
  const { x, y } = outer.pop()!
  const kind = !isEven(y, 1) ? Leaf.Table : isEven(x, 2) ? Leaf.EverySecond : Leaf.Gather
  return { kind, outer, leaf: [x.length, p.table(x), p.table(y)], shared: x.length >= p.parts * 16 }
}
