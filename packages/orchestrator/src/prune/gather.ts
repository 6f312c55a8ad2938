import type { Graph, Tensor } from '@tacojs/graph'
import type { Linalg } from '@tacojs/linalg'
import { createInputStatistics, createStatistics, type DenseLayer, type LayerProblem } from '@tacojs/solver'
import type { LayerReader } from './layer-reader.js'
import type { PlannedLayer } from './plan.js'

/** One batch of what layers see and should give. */
export interface Seen {
  /** The inputs that they have. */
  readonly inputs: LayerReader
  /** Those of the dense stream, where its outputs for them are the aim. */
  readonly denseInputs?: LayerReader
  /** What each should give, where neither inputs say it. */
  readonly outputs?: readonly Tensor[]
}

/** Gathers positions for the statistics of one group of (grouped) convolutions, or of Linear layers. */
export interface Gatherer {
  add(seen: Seen, image: number, positions: Int32Array, weights: Float32Array | undefined): void
  /** One problem per layer. */
  finish(): LayerProblem[]
}

/** Rows that are gathered before they are added up. */
const CHUNK = 2048

/** For layers that should give what their dense weights make of some inputs: `Seen` without outputs. */
export function gatherInputs(linalg: Linalg, graph: Graph, members: readonly PlannedLayer[], g: number): Gatherer {
  const { cols, bias } = members[0]!.layer
  const layers = members.map((member) => denseLayer(graph, member, g))
  const statistics = createInputStatistics(linalg, { cols, bias: bias !== undefined, layers })
  const dense = new Float32Array(CHUNK * cols)
  let given = false
  return inChunks(cols, {
    read({ denseInputs }, image, positions, at) {
      given = denseInputs !== undefined
      denseInputs?.inputs(g, image, positions, dense.subarray(at * cols))
    },
    add: (x, n, weights) => statistics.add(x, given ? dense.subarray(0, n * cols) : undefined, n, weights),
    finish: () => statistics.finish(),
    group: g,
  })
}

/** For layers whose outputs are given. */
export function gatherOutputs(linalg: Linalg, graph: Graph, members: readonly PlannedLayer[], g: number): Gatherer {
  const { cols, bias } = members[0]!.layer
  const layers = members.map((member) => {
    const { rows, weights } = denseLayer(graph, member, g)
    const statistics = createStatistics(linalg, { rows, cols, weights, bias: bias !== undefined })
    return { rows, statistics, y: new Float32Array(CHUNK * rows) }
  })
  return inChunks(cols, {
    read({ inputs, outputs }, image, positions, at) {
      for (const [m, { rows, y }] of layers.entries()) {
        inputs.outputs(outputs![m]!, g, image, positions, y.subarray(at * rows), rows)
      }
    },
    add(x, n, weights) {
      for (const { rows, statistics, y } of layers) statistics.add(x, y.subarray(0, n * rows), n, weights)
    },
    finish: () => layers.map(({ statistics }) => statistics.finish()),
    group: g,
  })
}

/** Fills chunks of positions, with whatever of each position from the `at`th place on, and adds the full ones. */
function inChunks(
  cols: number,
  into: {
    read(seen: Seen, image: number, positions: Int32Array, at: number): void
    add(x: Float32Array, n: number, weights: Float32Array | undefined): void
    finish(): LayerProblem[]
    readonly group: number
  },
): Gatherer {
  const [xs, ws] = [new Float32Array(CHUNK * cols), new Float32Array(CHUNK)]
  let n = 0
  const flush = (): void => {
    if (n === 0) return
    const weights = ws.subarray(0, n)
    into.add(xs.subarray(0, n * cols), n, weights.every((weight) => weight === 1) ? undefined : weights)
    n = 0
  }
  return {
    add(seen, image, positions, weights) {
      for (let from = 0, length = 0; from < positions.length; from += length) {
        length = Math.min(CHUNK - n, positions.length - from)
        const some = positions.subarray(from, from + length)
        seen.inputs.inputs(into.group, image, some, xs.subarray(n * cols))
        into.read(seen, image, some, n)
        if (weights) ws.set(weights.subarray(from, from + length), n)
        else ws.fill(1, n, n + length)
        n += length
        if (n === CHUNK) flush()
      }
    },
    finish() {
      flush()
      return into.finish()
    },
  }
}

/** A layer's own weights and bias for one group of the convolution. */
function denseLayer(graph: Graph, { layer }: PlannedLayer, g: number): DenseLayer {
  const rows = layer.rows / layer.groups
  const part = (name: string, width: number): Float32Array => {
    const values = graph.initializers.get(name)!.tensor.data as Float32Array
    return values.subarray(g * rows * width, (g + 1) * rows * width)
  }
  const weights = part(layer.weight, layer.cols)
  return { rows, weights, ...(layer.bias === undefined ? {} : { bias: part(layer.bias, 1) }) }
}
