import type { Graph } from '@tacojs/graph'
import type { Backend, KernelNote } from '@tacojs/runtime'

/**
 * Which kernel computes each node at batch 1, by the node's name; empty where the backend has no choice, or where the
 * size of the image is not fixed.
 */
export async function layerKernels(
  backend: Backend,
  graph: Graph,
  image: readonly number[] = [],
): Promise<ReadonlyMap<string, KernelNote>> {
  const shapes: Record<string, number[]> = {}
  for (const { name, shape } of graph.inputs) {
    const sizes = shape.map((d, i) => (typeof d === 'number' ? d : i === 0 ? 1 : image[i - 1]))
    if (sizes.some((size) => size === undefined)) return new Map()
    shapes[name] = sizes as number[]
  }
  const program = await backend.compile(graph)
  try {
    return new Map((program.kernels?.(shapes) ?? []).map((note) => [note.node, note]))
  } finally {
    program.dispose()
  }
}
