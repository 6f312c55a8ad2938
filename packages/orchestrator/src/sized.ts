import type { Dim, Graph } from '@tacojs/graph'

/**
 * The graph for images of one size, where the first input leaves its height and width open: only then are shapes and
 * costs known. Other open dimensions of that name become the same. Undefined where the size is needed and not known.
 */
export function sizedGraph(graph: Graph, image: readonly number[] | undefined): Graph | undefined {
  const [input] = graph.inputs
  const open = (input?.shape ?? []).slice(1).filter((dim) => typeof dim === 'string')
  if (open.length === 0) return graph
  if (image?.length !== input!.shape.length - 1) return undefined
  const sizes = new Map<Dim, number>()
  input!.shape.slice(1).forEach((dim, i) => typeof dim === 'string' && sizes.set(dim, image[i]!))
  const fixed = <T extends { readonly shape: readonly Dim[] }>(value: T): T => ({
    ...value,
    shape: value.shape.map((dim) => sizes.get(dim) ?? dim),
  })
  return { ...graph, inputs: graph.inputs.map(fixed), outputs: graph.outputs.map(fixed) }
}
