import { withInitializers, type Graph, type Initializer } from '@tacojs/graph'
import { formatPattern, keptOfGroup, type Pattern } from '@tacojs/solver'
import type { PlannedLayer } from '../prune/plan.js'

/**
 * The network with zeros at random places of some layers, as their patterns allow: as fast as a pruned one, before it is
 * pruned. What stays keeps its value.
 *
 * @param sparsityOf of each layer; not asked for n:m patterns, which decide alone
 */
export function withRandomZeros(
  graph: Graph,
  layers: readonly Pick<PlannedLayer, 'layer' | 'settings'>[],
  sparsityOf: (name: string) => number,
  seed = 1,
): Graph {
  const random = generator(seed)
  const changed = layers.map(({ layer, settings: { pattern } }): [string, Initializer] => {
    const { tensor } = graph.initializers.get(layer.weight)!
    const share = pattern.kind === 'nm' ? 1 - pattern.n / pattern.m : sparsityOf(layer.name)
    const gone = new Uint8Array(layer.rows * layer.cols)
    for (let g = 0; g < layer.groups; g++) {
      const ofGroup = zeroed(layer.rows / layer.groups, layer.cols, pattern, share, random)
      gone.set(ofGroup, g * ofGroup.length)
    }
    const data = Float32Array.from(tensor.data as Float32Array, (value, i) => (gone[i] ? 0 : value || 1))
    const nonzeros = gone.reduce((sum, zero) => sum - zero, gone.length)
    return [layer.weight, { tensor: { ...tensor, data }, sparsity: { pattern: formatPattern(pattern), nonzeros } }]
  })
  return withInitializers(graph, new Map(changed))
}

/** [rows, cols], 1 = zero. */
function zeroed(rows: number, cols: number, pattern: Pattern, share: number, random: () => number): Uint8Array {
  const gone = new Uint8Array(rows * cols)
  if (pattern.kind === 'nm') {
    for (let row = 0; row < rows; row++) {
      for (let from = 0; from < cols; from += pattern.m) {
        const size = Math.min(pattern.m, cols - from)
        const first = Math.floor(random() * size)
        const zeros = size - keptOfGroup(size, pattern.n, pattern.m)
        for (let k = 0; k < zeros; k++) gone[row * cols + from + ((first + k) % size)] = 1
      }
    }
    return gone
  }
  const [height, width] = pattern.kind === 'block' ? [pattern.rows, pattern.cols] : [1, 1]
  for (let top = 0; top < rows; top += height) {
    for (let left = 0; left < cols; left += width) {
      if (random() >= share) continue
      for (let row = top; row < Math.min(rows, top + height); row++)
        gone.fill(1, row * cols + left, row * cols + Math.min(cols, left + width))
    }
  }
  return gone
}

/** Uniform in [0, 1): Lehmer's generator, 16807 · state mod (2^31 − 1) (Park and Miller 1988). */
function generator(seed: number): () => number {
  let state = (seed * 48271) % 2147483647
  return () => {
    state = (16807 * state) % 2147483647
    return state / 2147483647
  }
}
