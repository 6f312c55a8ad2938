import { TacoError } from '@tacojs/errors'
import { windowOf, type Graph, type PrunableLayer, type Tensor } from '@tacojs/graph'

/** Positions of a layer, one below the other: inputs x [n, cols] and outputs y [n, rows]. */
export interface LayerRows {
  readonly x: Float32Array
  readonly y: Float32Array
  readonly n: number
}

/**
 * What a layer has seen and given for some images, from the values of its input and output: a Linear's tokens as they
 * stand, a convolution's patches image by image. Padding counts as zeros. Throws UNSUPPORTED for grouped convolutions,
 * which are one problem per group.
 */
export function* layerRows(graph: Graph, layer: PrunableLayer, x: Tensor, y: Tensor): Generator<LayerRows> {
  const [input, output] = [x.data as Float32Array, y.data as Float32Array]
  if (layer.kind === 'Linear') {
    yield { x: input, y: output, n: input.length / layer.cols }
    return
  }
  if (layer.groups !== 1 || x.shape.length !== 4) {
    throw new TacoError('UNSUPPORTED', `${layer.name}: the lab takes ungrouped two-dimensional convolutions only`)
  }
  const [images, , height, width] = x.shape as [number, number, number, number]
  const n = y.shape[2]! * y.shape[3]!
  const offsets = patchOffsets(graph, layer, x, y)
  const size = input.length / images
  for (let image = 0; image < images; image++) {
    const patches = new Float32Array(n * layer.cols)
    const outputs = new Float32Array(n * layer.rows)
    const pixels = input.subarray(image * size, (image + 1) * size)
    let to = 0
    for (const { top, left } of offsets.origins) {
      for (const { channel, down, across } of offsets.taps) {
        const [row, column] = [top + down, left + across]
        const inside = row >= 0 && row < height && column >= 0 && column < width
        patches[to++] = inside ? pixels[(channel * height + row) * width + column]! : 0
      }
    }
    for (let row = 0; row < layer.rows; row++) {
      for (let p = 0; p < n; p++) outputs[p * layer.rows + row] = output[(image * layer.rows + row) * n + p]!
    }
    yield { x: patches, y: outputs, n }
  }
}

/** Where each output's patch begins, and where a patch's values lie from there, in the order of the weight's columns. */
function patchOffsets(graph: Graph, layer: PrunableLayer, x: Tensor, y: Tensor) {
  const node = graph.nodes.find(({ name }) => name === layer.node)!
  const [, channels, ...kernel] = graph.initializers.get(layer.weight)!.tensor.shape as number[]
  const { strides, pads, dilations } = windowOf(node, x.shape.slice(2), kernel)
  const origins = grid(y.shape[2]!, y.shape[3]!).map(([row, column]) => ({
    top: row * strides[0]! - pads[0]!,
    left: column * strides[1]! - pads[1]!,
  }))
  const taps = Array.from({ length: channels! }, (_, channel) =>
    grid(kernel[0]!, kernel[1]!).map(([row, column]) => ({
      channel,
      down: row * dilations[0]!,
      across: column * dilations[1]!,
    })),
  ).flat()
  return { origins, taps }
}

const grid = (rows: number, columns: number): [number, number][] =>
  Array.from({ length: rows * columns }, (_, i) => [Math.floor(i / columns), i % columns])
