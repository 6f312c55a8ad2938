import type { Graph, Tensor } from '@tacojs/graph'
import type { Linalg } from '@tacojs/linalg'
import type { Stepper } from '@tacojs/runtime'
import { createStatistics, type LayerProblem } from '@tacojs/solver'
import { layerReader, type LayerReader } from './layer-reader.js'
import type { LayerGroup, PlannedLayer } from './plan.js'
import { samplePositions } from './positions.js'
import { residualTarget } from './residual-correction.js'

export interface Streams {
  /** Stands before the group: its input is readable. */
  readonly sparse: Stepper
  /** Stands behind the group; not needed for the target 'sparse'. */
  readonly dense: Stepper | undefined
}

export interface Sampling {
  /** Images of each batch. */
  readonly images: readonly number[]
  /** Share of the positions that are looked at. */
  readonly share: number
  /** What each position of an image counts for, where not all count alike. */
  readonly weights?: (image: number) => Float32Array
  /** What each output of each member counts for, where not all count alike. */
  readonly outputs?: readonly Float32Array[]
}

/** Rows that are gathered before they are added up. */
const CHUNK = 2048

/**
 * The layer problems of a group, [member][group of the convolution], from all batches: inputs of the sparse stream, and
 * as targets what `targetOf` says. H is one for all members.
 */
export function collect(
  linalg: Linalg,
  graph: Graph,
  group: LayerGroup,
  streams: Streams,
  sampling: Sampling,
): LayerProblem[][] {
  const { members } = group
  const parts = Array.from({ length: members[0]!.layer.groups }, (_, g) => createPart(linalg, graph, members, g))
  let image = 0
  for (let batch = 0; batch < streams.sparse.batches; batch++) {
    const x = streams.sparse.value(batch, group.input)
    const images = sampling.images[batch]!
    const reader = layerReader(graph, members[0]!, x, images)
    const targets = members.map((member) => targetOf(member, streams, batch))
    for (let i = 0; i < images; i++, image++) {
      const { positions, factors } = samplePositions(reader.positions, sampling.share, image, reader.tokens)
      const own = sampling.weights?.(image)
      const weights = Float32Array.from(positions, (position, k) => (factors?.[k] ?? 1) * (own?.[position] ?? 1))
      for (const part of parts) part.add(reader, targets, i, positions, weights)
    }
  }
  const problems = parts.map((part) => part.finish())
  return members.map((_, m) => problems.map((ofPart) => ofPart[m]!))
}

/** What the layer should give for a batch; undefined where its own dense weights on the sparse input say it. */
function targetOf(
  { node, target, write }: PlannedLayer,
  { sparse, dense }: Streams,
  batch: number,
): Tensor | undefined {
  if (target === 'sparse' || !dense) return undefined
  const output = dense.value(batch, node.outputs[0]!)
  if (target === 'dense' || !write) return output
  return residualTarget(write, output, dense.value(batch, write.skip), sparse.value(batch, write.skip))
}

interface Part {
  add(
    reader: LayerReader,
    targets: readonly (Tensor | undefined)[],
    image: number,
    positions: Int32Array,
    weights: Float32Array,
  ): void
  /** One problem per member. */
  finish(): LayerProblem[]
}

/** One group of a (grouped) convolution, or a Linear layer: the members' rows stand below each other. */
function createPart(linalg: Linalg, graph: Graph, members: readonly PlannedLayer[], g: number): Part {
  const { cols, groups, bias } = members[0]!.layer
  const heights = members.map(({ layer }) => layer.rows / groups)
  const rows = heights.reduce((a, b) => a + b, 0)
  const offsets = heights.map((_, m) => heights.slice(0, m).reduce((a, b) => a + b, 0))
  const own = (name: string, width: number, m: number): Float32Array =>
    (graph.initializers.get(name)!.tensor.data as Float32Array).subarray(
      g * heights[m]! * width,
      (g + 1) * heights[m]! * width,
    )
  const weights = joined(members.map(({ layer }, m) => own(layer.weight, cols, m)))
  const biases = bias === undefined ? undefined : joined(members.map(({ layer }, m) => own(layer.bias!, 1, m)))
  const statistics = createStatistics(linalg, { rows, cols, weights, bias: biases !== undefined })
  const [xs, ys, ws] = [new Float32Array(CHUNK * cols), new Float32Array(CHUNK * rows), new Float32Array(CHUNK)]
  const squares = new Float64Array(members.length)
  let n = 0
  let given = true

  const flush = (): void => {
    if (n === 0) return
    const x = xs.subarray(0, n * cols)
    const y = given ? ys.subarray(0, n * rows) : ownOutput(linalg, x, weights, biases, n)
    const w = ws.subarray(0, n)
    statistics.add(x, y, n, w.every((value) => value === 1) ? undefined : w)
    if (members.length > 1) addSquares(squares, y, w, offsets, rows)
    n = 0
  }
  return {
    add(reader, targets, image, positions, weights) {
      given = targets[0] !== undefined
      for (let from = 0, length = 0; from < positions.length; from += length) {
        length = Math.min(CHUNK - n, positions.length - from)
        const some = positions.subarray(from, from + length)
        reader.inputs(g, image, some, xs.subarray(n * cols))
        for (const [m, y] of targets.entries()) {
          if (y) reader.outputs(y, g, image, some, ys.subarray(n * rows + offsets[m]!), rows)
        }
        ws.set(weights.subarray(from, from + length), n)
        n += length
        if (n === CHUNK) flush()
      }
    },
    finish() {
      flush()
      const all = statistics.finish()
      return members.length === 1 ? [all] : members.map((_, m) => rowsOf(all, offsets[m]!, heights[m]!, squares[m]!))
    },
  }
}

/** Adds Σ w y² of each member's rows. */
function addSquares(
  sums: Float64Array,
  y: Float32Array,
  weights: Float32Array,
  offsets: readonly number[],
  rows: number,
): void {
  for (const [m, first] of offsets.entries()) {
    const end = offsets[m + 1] ?? rows
    for (let p = 0; p < weights.length; p++) {
      let sum = 0
      for (let row = p * rows + first; row < p * rows + end; row++) sum += y[row]! * y[row]!
      sums[m]! += weights[p]! * sum
    }
  }
}

/** The problem of some rows; `squares` is their Σ w y², about zero. H stays shared. */
function rowsOf(problem: LayerProblem, first: number, rows: number, squares: number): LayerProblem {
  const { cols, count, hasBias } = problem
  const matrix = (values: Float64Array): Float64Array => values.slice(first * cols, (first + rows) * cols)
  const yMean = problem.yMean.slice(first, first + rows)
  const centre = hasBias ? count * yMean.reduce((sum, y) => sum + y * y, 0) : 0
  return {
    ...problem,
    rows,
    weights: matrix(problem.weights),
    b: matrix(problem.b),
    yy: Math.max(0, squares - centre),
    yMean,
  }
}

/** Y = X·Wᵀ + b: what dense weights [rows, cols] make of the inputs x [n, cols]; returns [n, rows]. */
function ownOutput(
  linalg: Linalg,
  x: Float32Array,
  weights: Float32Array,
  biases: Float32Array | undefined,
  n: number,
): Float32Array {
  const cols = x.length / n
  const rows = weights.length / cols
  const y = new Float32Array(n * rows)
  if (biases) for (let i = 0; i < n; i++) y.set(biases, i * rows)
  linalg.gemm({ transB: true, m: n, n: rows, k: cols, a: x, b: weights, beta: 1, c: y })
  return y
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
