import { numberAttribute, windowOf, type Graph, type Node, type Tensor, type ValueType } from '@tacojs/graph'
import { flatGrid, pieces, rowsGrid, type Grid } from '../layout/grid.js'
import { equalTables, isOnGrid, naturalView, reshapeView, tableKey, type Storage, type View } from '../layout/view.js'
import { Op } from '../opcodes.js'
import type { Matrix } from '../pack/stream.js'
import type { Planner } from '../plan/planner.js'
import { at } from '../plan/words.js'
import { finish, type Context } from './context.js'
import { findEpilogue, noEpilogue } from './epilogue.js'
import { imageTarget } from './place.js'
import { columnsInCache, emitMatrix, type MatrixTile } from './matrix.js'

interface ConvWindow {
  readonly kernel: readonly [number, number]
  readonly strides: readonly [number, number]
  readonly dilations: readonly [number, number]
  /** Top and left. */
  readonly begin: readonly [number, number]
  readonly groups: number
}

/** What keeps a Conv from this backend. */
export function convUnsupported(node: Node, weightShape: readonly unknown[] | undefined): string | undefined {
  if (!weightShape) return 'Conv with computed weights'
  if (weightShape.length > 4) return 'Conv over more than two dimensions'
  return undefined
}

/** The window of a Conv; one dimension is an image of one row. */
function convWindow(node: Node, x: readonly number[], w: readonly number[]): ConvWindow {
  const spec = windowOf(node, x.slice(2), w.slice(2))
  const two = (v: readonly number[], one: number): [number, number] => (v.length === 1 ? [one, v[0]!] : [v[0]!, v[1]!])
  return {
    kernel: two(spec.kernel, 1),
    strides: two(spec.strides, 1),
    dilations: two(spec.dilations, 1),
    begin: two(spec.pads.slice(0, x.length - 2), 0),
    groups: numberAttribute(node, 'group', 1),
  }
}

const image = (shape: readonly number[]): [number, number, number, number] =>
  (shape.length === 3 ? [shape[0]!, shape[1]!, 1, shape[2]!] : shape) as [number, number, number, number]

/** How far windows reach beyond the image, on any side. */
function overhang(window: ConvWindow, size: readonly [number, number], out: readonly [number, number]): number {
  return Math.max(
    ...[0, 1].flatMap((i) => [
      window.begin[i]!,
      (out[i]! - 1) * window.strides[i]! -
        window.begin[i]! +
        (window.kernel[i]! - 1) * window.dilations[i]! -
        (size[i]! - 1),
    ]),
    0,
  )
}

/** Before anything is laid out: convolutions of stride 1 say how many zeros they need around images of their size. */
export function demandMargins(p: Planner, graph: Graph, types: ReadonlyMap<string, ValueType>): void {
  for (const node of graph.nodes) {
    if (node.op !== 'Conv') continue
    const [x, w, y] = [node.inputs[0]!, node.inputs[1]!, node.outputs[0]!].map(
      (n) => types.get(n)!.shape as number[],
    ) as [number[], number[], number[]]
    if (x.length > 4) continue
    const window = convWindow(node, x, w)
    if (window.strides.some((s) => s !== 1)) continue
    const [, , h, width] = image(x)
    const [, , oh, ow] = image(y)
    p.demandMargin(h, width, overhang(window, [h, width], [oh, ow]))
  }
}

/** Operators that look at pixels only, or make their own zeros around what they give. */
const pixelsOnly = new Set([
  'MaxPool',
  'AveragePool',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'ReduceMean',
  'Add',
  'Relu',
])

/** Whether a node may look at the zeros around the images that it reads. */
export function readsMargin(node: Node, shapeOf: (name: string) => readonly number[]): boolean {
  if (node.op !== 'Conv') return !pixelsOnly.has(node.op)
  const [x, w, y] = [node.inputs[0]!, node.inputs[1]!, node.outputs[0]!].map(shapeOf) as [number[], number[], number[]]
  const window = convWindow(node, x, w)
  if (window.strides.some((s) => s !== 1)) return false
  const [, , h, width] = image(x)
  const [, , oh, ow] = image(y)
  return overhang(window, [h, width], [oh, ow]) > 0
}

interface Source {
  readonly storage: Storage
  /** Float offset of input channel c at tap (ky, kx), relative to the tile's beginning. */
  readonly tap: (channel: number, ky: number, kx: number) => number
  /** Where the inputs of the window at (image, oy, ox) begin, in floats. */
  readonly start: (b: number, oy: number, ox: number) => number
  /** Floats from a row of pixels to the next, where rows lie one after the other. */
  readonly pitch?: number
  readonly key: string
  /** What the taps of one channel read for a tile: `taps` stretches of `footprint` bytes. */
  touched(vectors: number, kh: number, kw: number): { footprint: number; taps: number }
}

/** The image itself, with zeros around it. */
function directSource(x: View, window: ConvWindow, margin: number): Source | undefined {
  const { grid } = x.storage
  if (window.strides.some((s) => s !== 1) || !grid.image || grid.image.margin < margin || !isOnGrid(x, 1))
    return undefined
  if (!grid.tables(x.storage.rows).every((t, i) => equalTables(t, x.tables[[0, 2, 3][i]!]!))) return undefined
  const { kind, pitch } = grid.image
  const line = kind === 'rows' ? x.storage.rows * grid.width : pitch
  return {
    storage: x.storage,
    tap: (c, ky, kx) =>
      x.tables[1]![c]! +
      (ky * window.dilations[0] - window.begin[0]) * line +
      kx * window.dilations[1] -
      window.begin[1],
    start: (b, oy, ox) => x.base + x.tables[0]![b]! + x.tables[2]![0]! + oy * line + ox,
    pitch: kind === 'flat' ? pitch : undefined,
    touched: touchedBy(window, kind === 'flat' ? pitch : undefined),
    key: `direct ${x.base - grid.lead} ${line} ${tableKey(x.tables[1]!)}`,
  }
}

/** With rows of pixels one after the other a window's rows lie in one stretch, else in one each; phases multiply them. */
const touchedBy =
  ({ strides, dilations }: ConvWindow, pitch: number | undefined): Source['touched'] =>
  (vectors, kh, kw) => {
    const phases = Math.min(strides[0], kh) * Math.min(strides[1], kw)
    const [down, across] = [Math.ceil(((kh - 1) * dilations[0]) / strides[0]), ((kw - 1) * dilations[1]) / strides[1]]
    if (pitch !== undefined) return { footprint: (vectors * 4 + down * pitch + across) * 4, taps: phases }
    return { footprint: (vectors * 4 + across) * 4, taps: phases * (down + 1) }
  }

/** A stretch of floats begins and ends anywhere in a cache line of 64 bytes. */
const partsOfLines = 40

const floorMod = (a: number, n: number): number => ((a % n) + n) % n

/**
 * The image dealt out by phase: the pixels (y, x) with the same remainders by the strides make an image of their own, on
 * which a tap's inputs for neighbouring outputs are neighbours.
 */
function phaseSource(p: Planner, x: View, window: ConvWindow, out: readonly [number, number], outGrid: Grid): Source {
  const [B, C] = x.shape as [number, number, number, number]
  const [sh, sw] = window.strides
  const axis = (i: 0 | 1): Phases => {
    const steps = Array.from({ length: window.kernel[i] }, (_, k) => k * window.dilations[i] - window.begin[i])
    const s = window.strides[i]
    const phases = [...new Set(steps.map((t) => floorMod(t, s)))].sort((a, b) => a - b)
    const q = steps.map((t) => Math.floor(t / s))
    const first = Math.min(...q)
    return { phases, first, count: Math.max(...q) - first + out[i] }
  }
  const [ys, xs] = [axis(0), axis(1)]
  const rows = ys.phases.length * xs.phases.length * C
  const { image: outImage } = outGrid
  const flat = outImage?.kind === 'flat' && xs.count <= outImage.pitch
  const grid = flat ? flatGrid(B, ys.count, xs.count, outImage.pitch, 0) : rowsGrid(B, ys.count, xs.count, 0)
  const key = `${x.storage.id} ${x.base} ${x.tables.map(tableKey).join(';')} ${grid.key} ${ys.first} ${xs.first} ${ys.phases.join()} ${xs.phases.join()} ${sh} ${sw}`
  const known = phaseCache(p).get(key)
  const storage = known ?? p.storage(rows, grid)
  const whole = naturalView(storage, [B, rows, ys.count, xs.count], 1)
  if (!known) {
    phaseCache(p).set(key, storage)
    dealPhases(p, x, whole, [ys, xs], [sh, sw])
  }
  const line = flat ? outImage.pitch : rows * grid.width
  return {
    storage,
    tap(c, ky, kx) {
      const ty = ky * window.dilations[0] - window.begin[0]
      const tx = kx * window.dilations[1] - window.begin[1]
      const phase = ys.phases.indexOf(floorMod(ty, sh)) * xs.phases.length + xs.phases.indexOf(floorMod(tx, sw))
      return (phase * C + c) * grid.width + (Math.floor(ty / sh) - ys.first) * line + Math.floor(tx / sw) - xs.first
    },
    start: (b, oy, ox) => whole.base + whole.tables[0]![b]! + whole.tables[2]![oy]! + ox,
    pitch: flat ? outImage.pitch : undefined,
    touched: touchedBy(window, flat ? outImage.pitch : undefined),
    key: `phases ${C} ${grid.width} ${line} ${ys.first} ${xs.first}`,
  }
}

const caches = new WeakMap<Planner, Map<string, Storage>>()
function phaseCache(p: Planner): Map<string, Storage> {
  let cache = caches.get(p)
  if (!cache) caches.set(p, (cache = new Map()))
  return cache
}

interface Phases {
  readonly phases: readonly number[]
  readonly first: number
  readonly count: number
}

function dealPhases(
  p: Planner,
  x: View,
  to: View,
  [ys, xs]: readonly [Phases, Phases],
  strides: readonly [number, number],
): void {
  const [B, C, H, W] = x.shape as [number, number, number, number]
  /** Which indices of the phase's image hold pixels, and which pixels. */
  const kept = (a: Phases, phase: number, stride: number, size: number): { at: number[]; from: number[] } => {
    const at: number[] = []
    const from: number[] = []
    for (let i = 0; i < a.count; i++) {
      const pixel = (i + a.first) * stride + phase
      if (pixel < 0 || pixel >= size) continue
      at.push(i)
      from.push(pixel)
    }
    return { at, from }
  }
  const rows = ys.phases.map((phase) => kept(ys, phase, strides[0], H))
  const columns = xs.phases.map((phase) => kept(xs, phase, strides[1], W))
  const complete = rows.every((r) => r.at.length === ys.count) && columns.every((r) => r.at.length === xs.count)
  const pick = (t: Int32Array, list: readonly number[]): Int32Array => Int32Array.from(list, (i) => t[i]!)
  // one table for all phases: only where a phase is the first one moved, which a reflected border is not
  const isMoved = (t: Int32Array, [head, ...rest]: readonly { readonly from: readonly number[] }[]): boolean =>
    rest.every(({ from }) => from.every((j, i) => t[j]! - t[from[0]!]! === t[head!.from[i]!]! - t[head!.from[0]!]!))
  const moved = complete && isMoved(x.tables[2]!, rows) && isMoved(x.tables[3]!, columns)
  if (moved && (rows.length > 1 || columns.length > 1)) {
    // patches: all phases at once, [b, phase y, phase x, c, y, x]
    const firsts = (a: readonly { from: number[] }[]): number[] => a.map((r) => r.from[0]! - a[0]!.from[0]!)
    const yPhases = pick(x.tables[2]!, firsts(rows))
    const xPhases = pick(x.tables[3]!, firsts(columns))
    const minus = (t: Int32Array): Int32Array => t.map((v) => v - t[0]!)
    const step = to.storage.grid.width
    const stepped = (n: number, s: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i * s)
    const shape = [B, rows.length, columns.length, C, ys.count, xs.count]
    p.copy(
      {
        ...x,
        shape,
        tables: [
          x.tables[0]!,
          minus(yPhases),
          minus(xPhases),
          x.tables[1]!,
          pick(x.tables[2]!, rows[0]!.from),
          pick(x.tables[3]!, columns[0]!.from),
        ],
      },
      {
        ...to,
        shape,
        tables: [
          to.tables[0]!,
          stepped(rows.length, columns.length * C * step),
          stepped(columns.length, C * step),
          stepped(C, step),
          to.tables[2]!,
          to.tables[3]!,
        ],
      },
    )
    return
  }
  if (!complete) p.command([], [to.storage], Op.Fill, p.parts, at(to.storage), to.storage.floats * 4)
  rows.forEach((r, i) => {
    columns.forEach((k, j) => {
      const shape = [B, C, r.at.length, k.at.length]
      if (shape.includes(0)) return
      const first = (i * columns.length + j) * C
      p.copy(
        { ...x, shape, tables: [x.tables[0]!, x.tables[1]!, pick(x.tables[2]!, r.from), pick(x.tables[3]!, k.from)] },
        {
          ...to,
          shape,
          tables: [
            to.tables[0]!,
            to.tables[1]!.subarray(first, first + C),
            pick(to.tables[2]!, r.at),
            pick(to.tables[3]!, k.at),
          ],
        },
      )
    })
  })
}

/** Tiles of the output with where their windows' inputs begin. */
function tilesOf(source: Source, y: View, out: readonly [number, number]): MatrixTile[] {
  const { grid } = y.storage
  const start = (b: number): number => y.base + y.tables[0]![b]! + y.tables[2]![0]!
  const tiles: MatrixTile[] = []
  // rows of pixels that lie alike in both: a tile runs over their ends
  const alike = grid.image?.kind === 'flat' && source.pitch === grid.image.pitch
  for (let b = 0; b < y.shape[0]!; b++) {
    if (alike) {
      const positions = (out[0] - 1) * grid.image.pitch + out[1]
      for (const [at, vectors] of pieces(Math.ceil(positions / 4))) {
        tiles.push({ from: source.start(b, 0, 0) + at * 4, to: start(b) + at * 4, vectors })
      }
      continue
    }
    for (let oy = 0; oy < out[0]; oy++) {
      const line = y.base + y.tables[0]![b]! + y.tables[2]![oy]!
      for (const [at, vectors] of pieces(Math.ceil(out[1] / 4))) {
        tiles.push({ from: source.start(b, oy, at * 4), to: line + at * 4, vectors })
      }
    }
  }
  return tiles
}

export function lowerConv(c: Context, node: Node): void {
  const { p, uses, ready } = c
  const [xName, wName, bName] = node.inputs as [string, string, string | undefined]
  const given = p.view(xName)
  const wShape = p.shapeOf(wName)
  const outShape = image(p.shapeOf(node.outputs[0]!))
  let x = reshapeView(given, image(given.shape))!
  const window = convWindow(node, given.shape, wShape)
  const [, , H, W] = x.shape as [number, number, number, number]
  const out: [number, number] = [outShape[2], outShape[3]]
  const [kh, kw] = window.kernel
  const y = imageTarget(p, outShape)
  const margin = overhang(window, [H, W], out)
  let source = directSource(x, window, margin)
  if (!source && window.strides.every((s) => s === 1) && H * W > 1) {
    const padded = p.natural(x.shape, 1)
    p.copy(x, padded)
    p.zeroMargins(padded.storage)
    x = padded
    source = directSource(x, window, margin)
  }
  source ??= phaseSource(p, x, window, out, y.storage.grid)
  const { tap, key } = source
  const perGroup = wShape[1]!
  const rows = wShape[0]!
  const columns = perGroup * kh * kw
  const { footprint, taps } = source.touched(8, kh, kw)
  const matrix = (w: Tensor): Matrix => ({
    rows,
    columns,
    weights: w.data as Float32Array,
    rowsPerGroup: rows / window.groups,
    cachedColumns: Math.max(16, Math.floor((columnsInCache(footprint + partsOfLines) * kh * kw) / taps)),
    offset(group, k) {
      const channel = Math.floor(k / (kh * kw))
      const cell = k % (kh * kw)
      return tap(group * perGroup + channel, Math.floor(cell / kw), cell % kw) * 4
    },
  })
  const shaped = p.shapeOf(node.outputs[0]!).length === 4
  const epilogue = shaped ? findEpilogue(p, node, uses, y, 1, ready) : noEpilogue(node)
  emitMatrix(p, {
    node,
    key: `conv ${key} ${window.strides.join()} ${window.begin.join()} ${window.dilations.join()} ${window.groups}`,
    weightName: wName,
    matrix,
    biasName: bName || undefined,
    epilogue,
    source: source.storage,
    tiles: tilesOf(source, y, out),
    target: y,
    form: c.form(node, wName),
  })
  if (shaped) return finish(c, y, epilogue)
  p.zeroMargins(y.storage)
  const shape = p.shapeOf(node.outputs[0]!)
  p.set(node.outputs[0]!, reshapeView(y, shape) ?? reshapeView(p.contiguous(y), shape)!)
}
