import { expandFused, withInitializers, zeros, type Graph, type PrunableLayer } from '@tacojs/graph'
import { encodeWeights } from '@tacojs/model-io'

/** What a tensor's entry of the header and its alignment may differ by, with other counts in it. */
const perTensor = 64

/**
 * The size of the compact weights before they are known, from above: `(kept) => bytes`, kept non-zeros per layer in the
 * order of `layers`. What does not depend on them is measured by the encoder itself. Of n weights k take 4k bytes, and
 * their positions the smaller of a bit per weight and of a byte each, plus one per 128 weights left out between two.
 */
export function compactBytes(graph: Graph, layers: readonly PrunableLayer[]): (kept: readonly number[]) => number {
  const empty = new Map(
    layers.map(({ weight }) => [weight, { tensor: zeros('float32', graph.initializers.get(weight)!.tensor.shape) }]),
  )
  const rest = encodeWeights(expandFused(withInitializers(graph, empty)).initializers).byteLength
  return (kept) =>
    layers.reduce((sum, { rows, cols }, i) => {
      const [n, k] = [rows * cols, kept[i]!]
      const positions = Math.min(Math.ceil(n / 8), k + Math.ceil((n - k) / 128))
      return sum + Math.min(4 * n, 4 * k + positions) + perTensor
    }, rest)
}
