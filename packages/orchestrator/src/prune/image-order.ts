import { inferTypes, type Graph } from '@tacojs/graph'

/**
 * How the rows of a value [..., channels] belong to the images of a batch: all of one image and then those of the next, or
 * for one position those of all images and then for the next, as in the attention of PyTorch's nn.MultiheadAttention.
 */
export type ImageOrder = 'images first' | 'positions first'

/**
 * The order in which the values of a graph have their images, from where the batch's dimension is in their shapes, and,
 * where it has become one with others, from what they are made of. Undefined where there are positions on both sides of it.
 */
export function imageOrders(graph: Graph): (value: string) => ImageOrder | undefined {
  const batch = graph.inputs[0]!.shape[0]!
  // one image is in any order
  if (batch === 1) return () => 'images first'
  const types = inferTypes(graph)
  const axisOf = (value: string): number => types.get(value)?.shape.indexOf(batch) ?? -1
  const behind = new Set<string>()
  for (const { inputs, outputs } of graph.nodes) {
    const from = inputs.some((input) => behind.has(input) && types.get(input)!.dtype === 'float32')
    for (const output of outputs) {
      const axis = axisOf(output)
      if (axis > 0 || (axis < 0 && from)) behind.add(output)
    }
  }
  return (value) => {
    if (!behind.has(value)) return 'images first'
    const axis = axisOf(value)
    return axis < 0 || axis === types.get(value)!.shape.length - 2 ? 'positions first' : undefined
  }
}

/**
 * What the rows count for, [images][rows of an image], where `positions` [images][positions] says it by image and position
 * and the rows of a batch lie in the other order. @param batches images of each
 */
export function inRowOrder(positions: readonly Float32Array[], batches: readonly number[]): Float32Array[] {
  const all: Float32Array[] = []
  for (const images of batches) {
    const first = all.length
    for (let image = 0; image < images; image++) {
      const count = positions[first]!.length
      all.push(
        Float32Array.from({ length: count }, (_, i) => {
          const row = image * count + i
          return positions[first + (row % images)]![Math.floor(row / images)]!
        }),
      )
    }
  }
  return all
}
