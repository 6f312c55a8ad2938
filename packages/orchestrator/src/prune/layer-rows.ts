import { TacoError } from '@tacojs/errors'
import { windowOf as convolutionWindow, type Graph, type Node, type PrunableLayer, type Tensor } from '@tacojs/graph'
import type { Linalg } from '@tacojs/linalg'
import { channelsLast, unfold, type Window } from './unfold.js'

/** One group's samples as rows: x [n, cols], y [n, rows]. */
export interface Rows {
  readonly group: number
  readonly x: Float32Array
  readonly y: Float32Array | undefined
  readonly n: number
}

/**
 * What one batch says about a layer, as the rows of its layer problems: one per group of the convolution, one for a
 * Linear layer, whose leading dimensions are all positions.
 *
 * @param x the layer's input, @param y its target, where one is given (both as the graph holds them)
 */
export function* layerRows(
  graph: Graph,
  node: Node,
  layer: PrunableLayer,
  x: Tensor,
  y: Tensor | undefined,
): Generator<Rows> {
  if (layer.kind === 'Linear') {
    yield { group: 0, x: x.data as Float32Array, y: y?.data as Float32Array | undefined, n: x.data.length / layer.cols }
    return
  }
  const window = windowOf(graph, node, layer, x)
  const rows = layer.rows / layer.groups
  const channels = x.shape[1]! / layer.groups
  for (let g = 0; g < layer.groups; g++) {
    const { data, n } = unfold(x, window, g * channels, channels)
    yield { group: g, x: data, y: y && channelsLast(y, g * rows, rows), n }
  }
}

/** Y = X·Wᵀ + b: what a layer's dense weights [rows, cols] make of the inputs x [n, cols]; returns [n, rows]. */
export function ownOutput(
  linalg: Linalg,
  x: Float32Array,
  layer: { readonly weights: Float32Array; readonly bias: Float32Array | undefined },
  n: number,
): Float32Array {
  const cols = x.length / n
  const rows = layer.weights.length / cols
  const y = new Float32Array(n * rows)
  if (layer.bias) for (let i = 0; i < n; i++) y.set(layer.bias, i * rows)
  linalg.gemm({ transB: true, m: n, n: rows, k: cols, a: x, b: layer.weights, beta: 1, c: y })
  return y
}

function windowOf(graph: Graph, node: Node, layer: PrunableLayer, x: Tensor): Window {
  const kernel = graph.initializers.get(layer.weight)!.tensor.shape.slice(2)
  if (x.shape.length !== 4) {
    throw new TacoError('UNSUPPORTED', `the convolution '${layer.name}' is not two-dimensional; keep it dense (--keep)`)
  }
  return convolutionWindow(node, x.shape.slice(2), kernel) as unknown as Window
}
