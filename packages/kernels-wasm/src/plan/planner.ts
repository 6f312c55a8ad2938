import { TacoError } from '@tacojs/errors'
import { sizeOf, type Graph, type Initializer, type Node, type Tensor, type ValueType } from '@tacojs/graph'
import type { KernelNote } from '@tacojs/runtime'
import { imageGrid, marginsOf, plainGrid, tokenGrid, type Grid } from '../layout/grid.js'
import { isContiguous, merge, naturalView, plainView, without, type Storage, type View } from '../layout/view.js'
import { Op } from '../opcodes.js'
import { emitCopy } from './copy.js'
import { at, bytes, chunk, type Chunk, type Word } from './words.js'

/** Work of one step: a command for the kernels, or a function on the host between two runs of commands. */
export interface Step {
  readonly node: string
  readonly reads: readonly Storage[]
  readonly writes: readonly Storage[]
  readonly command?: readonly Word[]
  readonly host?: (io: HostIo) => void
}

/** What a step on the host sees while a program runs. */
export interface HostIo {
  /** A contiguous view's elements, live. */
  floats(view: View): Float32Array
  readonly values: Map<string, Tensor>
}

/** A value while planning: in the workspace, or a tensor on the host (integers, booleans). */
export type Value = { readonly view: View } | { readonly host: true }

export interface PlanOptions {
  readonly parts: number
  readonly mutable: ReadonlySet<string>
  /** Data that is the same for every plan of a program, made once per key. */
  readonly weights: (key: string, make: () => Float32Array) => Chunk
}

/** Collects the steps of one graph with concrete shapes. */
export class Planner {
  readonly steps: Step[] = []
  readonly notes: KernelNote[] = []
  readonly values = new Map<string, Value>()
  /** Persistent storages with what they hold from the start. */
  readonly initial: { readonly storage: Storage; readonly data: Float32Array }[] = []
  /** Packed forms to make again when a mutable initializer is written. */
  readonly listeners = new Map<string, { readonly data: Chunk; readonly pack: (t: Tensor) => Float32Array }[]>()
  private readonly chunks = new Map<Int32Array, Chunk>()
  private readonly constants = new Map<string, View>()
  private readonly marginOf = new Map<string, number>()
  private nextId = 0
  current = ''

  constructor(
    readonly graph: Graph,
    readonly types: ReadonlyMap<string, ValueType>,
    readonly options: PlanOptions,
  ) {}

  get parts(): number {
    return this.options.parts
  }

  shapeOf(name: string): number[] {
    return this.types.get(name)!.shape as number[]
  }

  isConstant(name: string | undefined): name is string {
    return name !== undefined && this.graph.initializers.has(name) && !this.options.mutable.has(name)
  }

  /** The initializer behind a name, mutable or not. */
  initializer(name: string | undefined): Initializer | undefined {
    return name === undefined ? undefined : this.graph.initializers.get(name)
  }

  constantTensor(name: string | undefined): Tensor | undefined {
    return this.isConstant(name) ? this.graph.initializers.get(name)!.tensor : undefined
  }

  // ---- storages

  storage(rows: number, grid: Grid, persistent = false): Storage {
    // a tile may hang over the end by three floats, and reads a whole vector
    const floats = grid.lead + grid.panels * rows * grid.width + grid.trail + 16
    return { id: this.nextId++, rows, grid, floats, persistent }
  }

  /** A storage without positions, for the sums and lines of one kernel. */
  scratch(floats: number): Storage {
    return this.storage(1, plainGrid(floats))
  }

  plain(shape: readonly number[], persistent = false): View {
    return plainView(this.storage(1, plainGrid(sizeOf(shape)), persistent), shape)
  }

  /** Asks for zeros around all images of this size. */
  demandMargin(height: number, width: number, margin: number): void {
    const key = `${height}x${width}`
    this.marginOf.set(key, Math.max(margin, this.marginOf.get(key) ?? 0))
  }

  margin(height: number, width: number): number {
    return this.marginOf.get(`${height}x${width}`) ?? 0
  }

  /** The grid that a tensor of this shape gets when its features lie along `rowAxis`. */
  gridFor(shape: readonly number[], rowAxis: number): Grid {
    const sizes = without(shape, rowAxis)
    if (shape.length === 4 && rowAxis === 1 && sizes[1]! * sizes[2]! > 1) {
      const [b, h, w] = sizes as [number, number, number]
      return imageGrid(b, h, w, this.margin(h, w))
    }
    return tokenGrid(sizes)
  }

  natural(shape: readonly number[], rowAxis: number, grid = this.gridFor(shape, rowAxis)): View {
    return naturalView(this.storage(shape[rowAxis]!, grid), shape, rowAxis)
  }

  /** Where a new tensor of this shape goes when nothing speaks for another place. */
  fresh(shape: readonly number[]): View {
    if (shape.length < 2 || sizeOf(shape) === 0) return this.plain(shape)
    return this.natural(shape, shape.length === 4 ? 1 : shape.length - 1)
  }

  // ---- values

  set(name: string, view: View): void {
    this.values.set(name, { view })
  }

  /** A float tensor in the workspace, put there where it is an initializer or comes from the host. */
  view(name: string): View {
    const value = this.values.get(name)
    if (value && 'view' in value) return value.view
    const known = this.constants.get(name)
    if (known) return known
    const given = this.graph.initializers.get(name)?.tensor
    if (given) {
      const view = this.constant(given)
      this.constants.set(name, view)
      return view
    }
    throw new Error(`planner: '${name}' is not in the workspace`)
  }

  /** A persistent storage that holds the tensor. */
  constant(t: Tensor): View {
    const view = this.plain(t.shape, true)
    this.initial.push({ storage: view.storage, data: t.data as Float32Array })
    return view
  }

  /** The initializer as a plain tensor in the workspace, if a node reads it so. */
  constantView(name: string): View | undefined {
    return this.constants.get(name)
  }

  listen(name: string, data: Chunk, pack: (t: Tensor) => Float32Array): void {
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), { data, pack }])
  }

  /** A constant of the same shape laid out as a whole storage `like` it; undefined for other values. */
  constantLike(name: string, like: View): View | undefined {
    const t = this.constantTensor(name)
    if (t?.dtype !== 'float32' || t.shape.join() !== like.shape.join()) return undefined
    const { storage } = like
    const copy: Storage = { ...storage, id: this.nextId++, persistent: true }
    const data = new Float32Array(storage.floats)
    const places = merge(like.tables)
    for (let i = 0; i < places.length; i++) data[like.base + places[i]!] = t.data[i] as number
    this.initial.push({ storage: copy, data })
    return { ...like, storage: copy }
  }

  onHost(name: string): boolean {
    const value = this.values.get(name)
    if (value) return 'host' in value
    const dtype = this.graph.initializers.get(name)?.tensor.dtype
    return dtype !== undefined && dtype !== 'float32'
  }

  // ---- steps

  command(reads: readonly Storage[], writes: readonly Storage[], op: Op, parts: number, ...words: Word[]): void {
    this.steps.push({ node: this.current, reads, writes, command: [op, parts, ...words] })
  }

  note(node: Node, kernel: string, reason = ''): void {
    this.notes.push({ node: node.name, op: node.op, kernel, reason })
  }

  /** The table in bytes, as a chunk, once. */
  table(table: Int32Array): Chunk {
    let known = this.chunks.get(table)
    if (!known) this.chunks.set(table, (known = chunk(bytes(table))))
    return known
  }

  /** Copies a view to another of the same shape. */
  copy(from: View, to: View): void {
    if (sizeOf(from.shape) > 0) emitCopy(this, from, to)
  }

  /** The view itself where it is a row-major tensor at the beginning of its storage, or a copy that is. */
  contiguous(view: View): View {
    if (isContiguous(view) && view.base % 4 === 0) return view
    const to = this.plain(view.shape)
    this.copy(view, to)
    return to
  }

  /** Zeros around the positions, where the grid has such places. */
  zeroMargins(storage: Storage): void {
    const { grid } = storage
    if (!grid.image || grid.image.margin === 0) return
    const { blocks, stretches, pattern } = marginsOf(grid, storage.rows)
    const pairs = (list: readonly [number, number][], unit: number): Chunk =>
      chunk(list.flatMap(([a, b]) => [a * 4, b * unit]))
    this.command(
      [],
      [storage],
      Op.ZeroMargins,
      this.parts,
      at(storage),
      pairs(blocks, 4),
      blocks.length,
      pairs(stretches, 1),
      stretches.length,
      grid.width * 4,
      pairs(pattern, 4),
      pattern.length,
    )
  }

  unsupported(node: Node, why: string): never {
    throw new TacoError('UNSUPPORTED', `node '${node.name}' (${node.op}): ${why}`)
  }
}
