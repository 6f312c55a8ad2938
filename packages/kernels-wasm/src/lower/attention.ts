import { numberAttribute, type Node } from '@tacojs/graph'
import { broadcastView, isEven, merge, reshapeView, transposeView, type View } from '../layout/view.js'
import { Op } from '../opcodes.js'
import type { Planner } from '../plan/planner.js'
import { pieces } from '../layout/grid.js'
import { runsOf } from '../layout/runs.js'
import { at, chunk, f32, type Chunk } from '../plan/words.js'
import type { Context } from './context.js'
import { apartOnGrid } from './place.js'

/** The last axis (features) lies in rows of one panel width: every feature evenly after the one before. */
const featuresInRows = (v: View): number | undefined => {
  const table = v.tables[v.shape.length - 1]!
  const step = table.length > 1 ? table[1]! - table[0]! : v.storage.grid.width
  return step > 0 && isEven(table, step) ? step : undefined
}

/** Whether every tile of queries lies in neighbouring floats, with floats to spare in the storage for a whole vector. */
function tilesFit(v: View, tiles: readonly { first: number; length: number }[]): boolean {
  const table = v.tables[v.shape.length - 2]!
  return tiles.every(({ first, length }) => {
    for (let i = 1; i < length; i++) if (table[first + i] !== table[first]! + i) return false
    return true
  })
}

function copied(p: Planner, v: View): View {
  const to = apartOnGrid(p, v.shape, v.shape.length - 1)
  p.copy(v, to)
  return to
}

/** Where keys and values change panel at the same key. */
function jointRuns(k: Int32Array, v: Int32Array): [number, number, number][] | undefined {
  const runs: [number, number, number][] = []
  for (let i = 0; i < k.length;) {
    let n = 1
    while (i + n < k.length && k[i + n] === k[i]! + n && v[i + n] === v[i]! + n) n++
    runs.push([k[i]!, v[i]!, n])
    i += n
  }
  // single keys are no runs: a copy is cheaper
  return runs.length * 8 > k.length && runs.length > 2 ? undefined : runs
}

/** Q [..., N, D], K [..., M, D], V [..., M, E] → [..., N, E]; see assembly/attention.ts for the command. */
export function lowerAttention(c: Context, node: Node): void {
  const { p } = c
  const [qn, kn, vn, bn] = node.inputs as [string, string, string, string | undefined]
  const shape = p.shapeOf(node.outputs[0]!)
  const rank = shape.length
  const [N, E] = [shape[rank - 2]!, shape[rank - 1]!]
  let [q, k, v] = [p.view(qn), p.view(kn), p.view(vn)]
  const [M, D] = [k.shape[rank - 2]!, k.shape[rank - 1]!]
  const batch = shape.slice(0, -2)

  // Y as the network wants it next, [images, N, heads · E] in rows of features, seen as [images, heads, N, E]
  const heads = rank >= 3 ? batch[rank - 3]! : 1
  const images = batch.slice(0, -1)
  const wide = apartOnGrid(p, rank >= 3 ? [...images, N, heads * E] : [N, E], rank >= 3 ? rank - 2 : 1)
  const y =
    rank >= 3
      ? transposeView(reshapeView(wide, [...images, N, heads, E])!, [
          ...images.keys(),
          images.length + 1,
          images.length,
          images.length + 2,
        ])
      : wide
  const { width } = wide.storage.grid
  const tiles = runsOf(y.tables[rank - 2]!).flatMap(([first, , length]) =>
    pieces(Math.ceil(length / 4)).map(([at, vectors]) => ({
      first: first + at * 4,
      length: Math.min(vectors * 4, length - at * 4),
    })),
  )

  if (featuresInRows(q) === undefined || !tilesFit(q, tiles)) q = copied(p, q)
  let runs =
    featuresInRows(k) !== undefined && featuresInRows(v) !== undefined
      ? jointRuns(k.tables[rank - 2]!, v.tables[rank - 2]!)
      : undefined
  if (!runs) {
    k = copied(p, k)
    v = copied(p, v)
    runs = runsOf(k.tables[rank - 2]!).map(([i, o, n]) => [o, v.tables[rank - 2]![i]!, n])
  }
  let bias: View | undefined
  if (bn) {
    const given = p.view(bn)
    const full = [...new Array<number>(Math.max(0, rank - given.shape.length)).fill(1), ...given.shape]
    const seen = broadcastView(reshapeView(given, full)!, [...full.slice(0, -2), N, M])
    // keys in rows, queries in the lanes, panels as Y's
    bias = apartOnGrid(p, seen.shape, rank - 1)
    p.copy(seen, bias)
  }
  const offsets = (view: View): Int32Array =>
    merge(broadcastView(view, [...batch, ...view.shape.slice(-2)]).tables.slice(0, rank - 2))
  const [qo, ko, vo, yo] = [q, k, v, y].map(offsets) as [Int32Array, Int32Array, Int32Array, Int32Array]
  const bo = bias && offsets(bias)
  const along = (view: View, n: number): number => view.tables[rank - 2]![n]!
  const units: number[] = []
  for (let i = 0; i < yo.length; i++) {
    for (const { first, length } of tiles) {
      units.push(
        (qo[i]! + along(q, first)) * 4,
        ko[i]! * 4,
        vo[i]! * 4,
        (yo[i]! + along(y, first)) * 4,
        bias ? (bo![i]! + along(bias, first)) * 4 : 0,
        Math.ceil(length / 4),
      )
    }
  }
  const split = splitUnits(units, p.parts)
  const scratchFloats = Math.ceil(((M + 1) * 40) / 16) * 16
  const scratch = p.scratch(scratchFloats * p.parts)
  const reads = [q.storage, k.storage, v.storage, ...(bias ? [bias.storage] : [])]
  p.command(
    reads,
    [y.storage, scratch],
    Op.Attention,
    p.parts,
    chunk(split.units),
    split.first,
    at(q.storage, q.base),
    at(k.storage, k.base),
    at(v.storage, v.base),
    at(y.storage, y.base),
    bias ? at(bias.storage, bias.base) : 0,
    featuresInRows(q)! * 4,
    featuresInRows(k)! * 4,
    featuresInRows(v)! * 4,
    width * 4,
    bias ? bias.storage.grid.width * 4 : 0,
    chunk([...runs.flatMap(([ok, , n]) => [ok * 4, n]), ...runs.flatMap(([, ov, n]) => [ov * 4, n])]),
    runs.length,
    M,
    D,
    E,
    f32(numberAttribute(node, 'scale')),
    at(scratch),
    scratchFloats * 4,
    chunk([0, D]),
    0,
  )
  p.set(node.outputs[0]!, y)
  p.note(node, 'attention', `tiles of ${tiles[0]?.length ?? 0} queries`)
}

/** Units dealt to parts, equal in vectors: the unit on a border is cut in two. */
function splitUnits(units: readonly number[], parts: number): { units: number[]; first: Chunk } {
  const size = 6
  const total = units.filter((_, i) => i % size === size - 1).reduce((a, b) => a + b, 0)
  const out: number[] = []
  const first = [0]
  let done = 0
  for (let i = 0; i < units.length; i += size) {
    const [k, v] = [units[i + 1]!, units[i + 2]!]
    let [q, y, bias, rest] = [units[i]!, units[i + 3]!, units[i + 4]!, units[i + 5]!]
    const give = (vectors: number): void => {
      out.push(q, k, v, y, bias, vectors)
      const bytes = vectors * 16
      ;[q, y, bias] = [q + bytes, y + bytes, bias + bytes]
      done += vectors
      rest -= vectors
    }
    while (first.length < parts) {
      const room = Math.round((total * first.length) / parts) - done
      if (room >= rest) break
      // tiles are worked on two vectors at a time
      if (room > 1) give(room - (room % 2))
      first.push(out.length / size)
    }
    if (rest > 0) give(rest)
  }
  while (first.length <= parts) first.push(out.length / size)
  return { units: out, first: chunk(first) }
}
