import {
  expandFused,
  float32,
  withInitializers,
  zeros,
  type Graph,
  type PrunableLayer,
  type Tensor,
} from '@tacojs/graph'
import { encodeWeights, roundWeights, type Precision } from '@tacojs/model-io'

/** What a tensor's entry of the header may differ by, with other counts in it. */
const perTensor = 64

/** What the code of a compressed part takes at most; a part that would not get smaller has none. */
const code = 128

/** The sparsity at which the values that stay are looked at. */
const sample = 0.9

/** What the values that stay may take more than those of the largest weights; their exponents differ a little. */
const margin = 1.03

/**
 * The size of the compact weights before they are known: `(kept) => bytes`, kept non-zeros per layer in the order of
 * `layers`. What does not depend on them is measured by the encoder itself, as is what a value of each layer takes
 * when the largest tenth is kept, and when all are. Positions take at most the entropy of a random mask, which the
 * file's code comes near to. So the estimate is from above as long as values are as compressible as the model's own.
 */
export function compactBytes(
  graph: Graph,
  layers: readonly PrunableLayer[],
  precision: Precision = 'fp32',
): (kept: readonly number[]) => number {
  const empty = new Map(
    layers.map(({ weight }) => [weight, { tensor: zeros('float32', graph.initializers.get(weight)!.tensor.shape) }]),
  )
  const rounded = roundWeights(withInitializers(graph, empty), precision).graph
  const rest = encodeWeights(expandFused(rounded).initializers).byteLength
  const width = { fp32: 4, fp16: 2, int8: 1 }[precision]
  const values = layers.map((layer) => valueBytes(graph, layer, precision))
  return (kept) =>
    layers.reduce((sum, { rows, cols }, i) => {
      const [n, k] = [rows * cols, kept[i]!]
      const { whole, sparse } = values[i]!
      const share = Math.max(0, Math.min(1, (k / n - (1 - sample)) / sample))
      const perValue = sparse + share * (whole - sparse)
      const raw = rawPositions(n, k)
      const bytes =
        raw + width * k < width * n
          ? Math.min(width * k, k * perValue + code) + Math.min(raw, randomPositions(n, k) + code)
          : Math.min(width * n, n * whole + code)
      return sum + bytes + (precision === 'int8' ? 4 * rows : 0) + perTensor
    }, rest)
}

/** Before they are compressed: the smaller of a bit per weight and of a byte each, plus one per 128 weights between two. */
const rawPositions = (n: number, k: number): number => Math.min(Math.ceil(n / 8), k + Math.ceil((n - k) / 128))

/**
 * Bytes of k positions of n in a prefix code, from above: gaps of a given mean have the most entropy when they are
 * geometric, and bytes of a mask when their bits are independent, n·H(k/n) bits in both; a prefix code takes at most the
 * probability of its likeliest symbol and 0.086 bits more per symbol (Gallager 1978).
 */
function randomPositions(n: number, k: number): number {
  const p = k / n
  if (k === 0 || k === n) return 0
  const entropy = -n * (p * Math.log2(p) + (1 - p) * Math.log2(1 - p))
  const isDelta = k + Math.ceil((n - k) / 128) < Math.ceil(n / 8)
  const redundancy = isDelta ? k * (p + 0.086) : (n / 8) * (Math.max((1 - p) ** 8, p ** 8) + 0.086)
  return Math.ceil((entropy + redundancy) / 8)
}

/** Bytes per value of a layer: when all are kept, and when only the largest are. */
function valueBytes(
  graph: Graph,
  { node, weight }: PrunableLayer,
  precision: Precision,
): { readonly whole: number; readonly sparse: number } {
  const { shape, data } = graph.initializers.get(weight)!.tensor as Tensor<'float32'>
  const nodes = graph.nodes.filter(({ name }) => name === node)
  const alone = (values: Float32Array): number => {
    const initializers = new Map([[weight, { tensor: float32(shape, values) }]])
    return encodeWeights(roundWeights({ ...graph, nodes, initializers }, precision).graph.initializers).byteLength
  }
  const sorted = Float32Array.from(data, Math.abs).sort()
  const least = sorted[Math.floor(sample * (data.length - 1))]!
  const largest = data.map((v) => (Math.abs(v) >= least ? v : 0))
  const count = largest.reduce((sum, v) => sum + (v === 0 ? 0 : 1), 0)
  const positions = alone(largest.map((v) => (v === 0 ? 0 : 1)))
  return {
    whole: (margin * alone(data)) / data.length,
    sparse: (margin * (alone(largest) - positions)) / Math.max(1, count),
  }
}
