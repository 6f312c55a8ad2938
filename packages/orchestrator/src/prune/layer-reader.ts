import { windowOf as convolutionWindow, type Graph, type Node, type PrunableLayer, type Tensor } from '@tacojs/graph'
import { outputSize, unfolding, type Window } from './unfold.js'

/** One batch of a layer as the rows of its layer problems: one per position of an image and group of the layer. */
export interface LayerReader {
  /** Positions of one image. */
  readonly positions: number
  /** Whether the positions are a sequence of tokens, of which the first may be the class token. */
  readonly tokens: boolean
  /** Writes the inputs of some positions (ascending) of an image, [positions, cols]. */
  inputs(group: number, image: number, positions: Int32Array, to: Float32Array): void
  /**
   * Writes the values [rows of the group] of some positions of an image, out of a tensor that is laid out as the layer's
   * output; from one position to the next it goes `stride` values on.
   */
  outputs(y: Tensor, group: number, image: number, positions: Int32Array, to: Float32Array, stride: number): void
}

/** @param x the layer's input, @param images how many images it comes from */
export function layerReader(
  graph: Graph,
  { node, layer }: { readonly node: Node; readonly layer: PrunableLayer },
  x: Tensor,
  images: number,
): LayerReader {
  return layer.kind === 'Linear' ? linearReader(layer, x, images) : convolutionReader(graph, node, layer, x, images)
}

/** All leading dimensions are positions. */
function linearReader(layer: PrunableLayer, x: Tensor, images: number): LayerReader {
  const positions = x.data.length / layer.cols / images
  return {
    positions,
    tokens: x.shape.length === 3,
    inputs: (_group, image, some, to) => copyRows(x, layer.cols, image * positions, some, to, layer.cols),
    outputs: (y, _group, image, some, to, stride) => copyRows(y, layer.rows, image * positions, some, to, stride),
  }
}

/** Rows of so many values, counted from the row `first` on; those that lie one behind the other are copied as one. */
function copyRows(
  from: Tensor,
  width: number,
  first: number,
  rows: Int32Array,
  to: Float32Array,
  stride: number,
): void {
  const values = from.data as Float32Array
  const start = first + rows[0]!
  if (stride === width && rows[rows.length - 1]! - rows[0]! === rows.length - 1) {
    to.set(values.subarray(start * width, (start + rows.length) * width))
    return
  }
  for (const [k, row] of rows.entries()) {
    to.set(values.subarray((first + row) * width, (first + row + 1) * width), k * stride)
  }
}

/** Of an image there may be several parts, one after the other, as where the convolution is on windows of it. */
function convolutionReader(graph: Graph, node: Node, layer: PrunableLayer, x: Tensor, images: number): LayerReader {
  const window = windowOf(graph, node, layer, x)
  const [height, width] = outputSize(x, window)
  const channels = x.shape[1]! / layer.groups
  const unfold = unfolding(x, window, channels)
  const rows = layer.rows / layer.groups
  const plane = height * width
  const parts = x.shape[0]! / images
  return {
    positions: parts * plane,
    tokens: false,
    inputs: (group, image, positions, to) => {
      for (let part = 0, from = 0; part < parts && from < positions.length; part++) {
        const own = parts === 1 ? positions : ofPart(positions.subarray(from), part, plane)
        unfold(image * parts + part, group * channels, own, to.subarray(from * layer.cols))
        from += own.length
      }
    },
    outputs: (y, group, image, positions, to, stride) => {
      const values = y.data as Float32Array
      for (let k = 0; k < positions.length; k++) {
        const part = Math.floor(positions[k]! / plane)
        let from = ((image * parts + part) * layer.rows + group * rows) * plane + (positions[k]! % plane)
        for (let row = 0; row < rows; row++, from += plane) to[k * stride + row] = values[from]!
      }
    },
  }
}

/** The first of ascending positions, as far as they lie in the part: where they lie there. */
function ofPart(positions: Int32Array, part: number, plane: number): Int32Array {
  let count = 0
  while (count < positions.length && positions[count]! < (part + 1) * plane) count++
  return positions.subarray(0, count).map((position) => position - part * plane)
}

function windowOf(graph: Graph, node: Node, layer: PrunableLayer, x: Tensor): Window {
  const kernel = graph.initializers.get(layer.weight)!.tensor.shape.slice(2)
  return convolutionWindow(node, x.shape.slice(2), kernel) as unknown as Window
}
