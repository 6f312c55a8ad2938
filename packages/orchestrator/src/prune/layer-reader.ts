import { TacoError } from '@tacojs/errors'
import { windowOf as convolutionWindow, type Graph, type Node, type PrunableLayer, type Tensor } from '@tacojs/graph'
import { outputSize, unfoldPosition, type Window } from './unfold.js'

/** One batch of a layer as the rows of its layer problems: one per position of an image and group of the layer. */
export interface LayerReader {
  /** Positions of one image. */
  readonly positions: number
  /** Whether the positions are a sequence of tokens, of which the first may be the class token. */
  readonly tokens: boolean
  /** Writes the inputs [cols] of a position. */
  input(group: number, image: number, position: number, to: Float32Array, at: number): void
  /** Writes the values [rows of the group] of a position, out of a tensor that is laid out as the layer's output. */
  output(y: Tensor, group: number, image: number, position: number, to: Float32Array, at: number): void
}

/** @param x the layer's input, @param images how many images it comes from */
export function layerReader(
  graph: Graph,
  { node, layer }: { readonly node: Node; readonly layer: PrunableLayer },
  x: Tensor,
  images: number,
): LayerReader {
  return layer.kind === 'Linear' ? linearReader(layer, x, images) : convolutionReader(graph, node, layer, x)
}

/** All leading dimensions are positions. */
function linearReader(layer: PrunableLayer, x: Tensor, images: number): LayerReader {
  const positions = x.data.length / layer.cols / images
  const copy = (from: Tensor, width: number, row: number, to: Float32Array, at: number): void =>
    to.set((from.data as Float32Array).subarray(row * width, (row + 1) * width), at)
  return {
    positions,
    tokens: x.shape.length === 3,
    input: (_group, image, position, to, at) => copy(x, layer.cols, image * positions + position, to, at),
    output: (y, _group, image, position, to, at) => copy(y, layer.rows, image * positions + position, to, at),
  }
}

function convolutionReader(graph: Graph, node: Node, layer: PrunableLayer, x: Tensor): LayerReader {
  const window = windowOf(graph, node, layer, x)
  const [height, width] = outputSize(x, window)
  const channels = x.shape[1]! / layer.groups
  const rows = layer.rows / layer.groups
  const plane = height * width
  return {
    positions: plane,
    tokens: false,
    input: (group, image, position, to, at) =>
      unfoldPosition(
        { x, window, image, first: group * channels, channels },
        Math.floor(position / width),
        position % width,
        to,
        at,
      ),
    output: (y, group, image, position, to, at) => {
      const values = y.data as Float32Array
      let from = (image * layer.rows + group * rows) * plane + position
      for (let row = 0; row < rows; row++, from += plane) to[at + row] = values[from]!
    },
  }
}

function windowOf(graph: Graph, node: Node, layer: PrunableLayer, x: Tensor): Window {
  const kernel = graph.initializers.get(layer.weight)!.tensor.shape.slice(2)
  if (x.shape.length !== 4) {
    throw new TacoError('UNSUPPORTED', `the convolution '${layer.name}' is not two-dimensional; keep it dense (--keep)`)
  }
  return convolutionWindow(node, x.shape.slice(2), kernel) as unknown as Window
}
