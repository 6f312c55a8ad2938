import { bytesPerElement, inferTypes, prunableLayers, sizeWith, type Graph } from '@tacojs/graph'
import { liveValues } from '@tacojs/runtime'
import { sizedGraph } from './sized.js'

/** The most bytes that the activations of one image, [C, H, W], take between two steps of a stream. */
export function frontierBytes(graph: Graph, image: readonly number[]): number {
  const types = inferTypes(sizedGraph(graph, image) ?? graph)
  const positions = new Map(graph.nodes.map(({ name }, i) => [name, i]))
  const at = prunableLayers(graph).map(({ node }) => {
    const live = liveValues(graph, positions.get(node)!)
    return live.reduce((sum, name) => {
      const { dtype, shape } = types.get(name)!
      // what is not known is the number of images, of which there may be several windows
      return sum + shape.reduce<number>((a, d) => a * sizeWith(d, () => 1), bytesPerElement(dtype))
    }, 0)
  })
  return Math.max(0, ...at)
}
