import type { Node, Tensor } from '@tacojs/graph'
import { TacoError } from '@tacojs/errors'
import type { Tile } from '../layout/grid.js'
import type { Storage, View } from '../layout/view.js'
import { Op, Unary } from '../opcodes.js'
import { packStream, splitSegments, writeStream, type Form, type Matrix, type Stream } from '../pack/stream.js'
import type { Planner } from '../plan/planner.js'
import { at, chunk, f32 } from '../plan/words.js'
import type { Epilogue } from './epilogue.js'

/** A tile: where its inputs begin (floats), and where it goes. */
export interface MatrixTile {
  readonly from: number
  readonly to: number
  readonly vectors: number
}

/** Flags of the stream kernels. */
const flags = { accumulate: 1, relu: 2, last: 4 }

/** Bytes of a first-level cache (32 KiB on most machines) that a tile's inputs may take; the rest is for weights and sums. */
const cacheBytes = 26 * 1024

/** Columns whose inputs fit the cache, when one takes so many bytes of it. */
export const columnsInCache = (bytes: number): number => Math.max(16, Math.floor(cacheBytes / bytes))

export interface MatrixJob {
  readonly node: Node
  /** Names the packed form among the plans of one program: layers whose layout is the same share it. */
  readonly key: string
  readonly weightName: string
  readonly matrix: (weights: Tensor) => Matrix
  readonly biasName?: string
  readonly epilogue: Epilogue
  readonly source: Storage
  readonly tiles: readonly MatrixTile[]
  readonly target: View
  readonly form: Form
}

/** Tiles of an output on the same grid as its input. */
export const sameTiles = (tiles: readonly Tile[], x: Storage, y: Storage): MatrixTile[] =>
  tiles.map(({ panel, at: start, vectors }) => ({
    from: x.grid.lead + panel * x.rows * x.grid.width + start,
    to: y.grid.lead + panel * y.rows * y.grid.width + start,
    vectors,
  }))

interface Packed {
  readonly stream: Stream
  readonly matrix: Matrix
}

/** Packed forms, for other plans and programs; of one tensor the latest few. */
const packs = new WeakMap<Tensor, Map<string, Packed>>()
const keptPacks = 4

/** Y = f(scale · (W · X + bias) + residual), one command. */
export function emitMatrix(p: Planner, job: MatrixJob): void {
  const { node, epilogue, target, source } = job
  const mutable = p.options.mutable.has(job.weightName)
  const tensor = p.initializer(job.weightName)!.tensor
  let known = packs.get(tensor)
  if (!known) packs.set(tensor, (known = new Map()))
  const key = `${job.key} ${epilogue.key} ${job.form} ${mutable}`
  let packed = known.get(key)
  if (!packed) {
    const matrix = { ...job.matrix(tensor), scale: epilogue.scale }
    packed = { matrix, stream: pack(job, matrix, mutable) }
    if (known.size >= keptPacks) known.delete(known.keys().next().value!)
    if (!mutable) known.set(key, packed)
  }
  const { stream, matrix } = packed
  const data = p.options.weights(`${job.weightName} ${key}`, () => stream.data)
  if (mutable) {
    p.listen(job.weightName, data, (t) => {
      const fresh = { ...job.matrix(t), scale: epilogue.scale }
      writeStream(fresh, stream.bits, stream.segments, stream.data)
      return stream.data
    })
  }
  const biasData = (): Float32Array => {
    const bias = job.biasName ? (p.initializer(job.biasName)!.tensor.data as Float32Array) : undefined
    return Float32Array.from({ length: matrix.rows }, (_, r) => {
      return (
        (bias ? bias[r]! : 0) * (epilogue.scale ? epilogue.scale[r]! : 1) + (epilogue.shift ? epilogue.shift[r]! : 0)
      )
    })
  }
  const bias = p.options.weights(`bias ${node.name} ${epilogue.key}`, biasData)
  if (job.biasName && p.options.mutable.has(job.biasName)) p.listen(job.biasName, bias, (t) => t.data as Float32Array)
  const splits = splitSegments(stream, p.parts)
  const perChunk = stream.segments.length / stream.chunks
  const relu = epilogue.activation === Unary.Relu ? flags.relu : 0
  const segments = stream.segments.flatMap((s, i) => {
    const first = i < perChunk ? 0 : flags.accumulate
    const last = i >= stream.segments.length - perChunk ? relu | flags.last : 0
    return [s.rows, s.row, chunk([data, ...s.starts]), first | last, splits[i]!]
  })
  const { tiles } = job
  const { residual } = epilogue
  p.command(
    residual ? [source, residual.storage] : [source],
    [target.storage],
    Op.Matrix,
    p.parts,
    chunk(tiles.flatMap((t) => [t.from * 4, t.to * 4, t.vectors])),
    tiles.length,
    chunk(segments),
    stream.segments.length,
    at(source),
    at(target.storage),
    target.storage.grid.width * 4,
    bias,
    residual ? at(residual.storage) : 0,
    epilogue.activation,
    f32(epilogue.a),
    f32(epilogue.b),
    0,
  )
  const chunked = stream.chunks > 1 ? `; inputs in ${stream.chunks} chunks` : ''
  p.note(node, stream.kernel, stream.reason + chunked)
}

function pack({ node, weightName, form }: MatrixJob, matrix: Matrix, mutable: boolean): Stream {
  try {
    return packStream(matrix, form, mutable)
  } catch (error) {
    if (!(error instanceof RangeError) || !/^\d+$/.test(error.message)) throw error
    throw new TacoError(
      'INVALID_MODEL',
      `node '${node.name}': the weight '${weightName}' is not a number at element ${error.message}; export the model again`,
    )
  }
}
