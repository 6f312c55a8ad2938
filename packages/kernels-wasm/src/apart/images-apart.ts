import { inferTypes, type Dim, type Graph, type Tensor, type ValueType } from '@tacojs/graph'
import { rules } from './rules.js'

/** Sizes of a value that do not depend on the number of images, but for that number itself along one axis. */
const hasImages = ({ dtype, shape }: ValueType, axis: number, batch: Dim): boolean =>
  dtype === 'float32' && shape.every((dim, d) => (d === axis ? dim === batch : typeof dim === 'number'))

/**
 * Whether a batch gives the same as its images one by one, put together along axis 0 of every output: all inputs have
 * the batch along axis 0, and no operator lets images meet. False also where that is not known. `fixed` gives the
 * initializers that stay as they are. Throws as `inferTypes` does.
 */
export function imagesApart(graph: Graph, fixed: (name: string) => Tensor | undefined): boolean {
  const batch = graph.inputs[0]?.shape[0]
  if (typeof batch !== 'string' || !graph.inputs.every((input) => hasImages(input, 0, batch))) return false
  const types = inferTypes(graph)
  const axes = new Map(graph.inputs.map(({ name }): [string, number] => [name, 0]))
  const shapeOf = (name: string): readonly Dim[] => types.get(name)?.shape ?? []
  for (const node of graph.nodes) {
    const ofInputs = node.inputs.map((name) => axes.get(name))
    if (ofInputs.every((axis) => axis === undefined)) continue
    const axis = rules.get(node.op)?.({
      node,
      axes: ofInputs,
      shapes: node.inputs.map(shapeOf),
      output: shapeOf(node.outputs[0]!),
      constant: (i) => fixed(node.inputs[i] ?? ''),
    })
    if (axis === undefined) return false
    for (const name of node.outputs) {
      if (name === '') continue
      if (!hasImages(types.get(name)!, axis, batch)) return false
      axes.set(name, axis)
    }
  }
  return graph.outputs.every(({ name }) => axes.get(name) === 0)
}
