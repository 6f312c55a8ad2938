import { expandFused, float32, prunableLayers, withInitializers } from '@tacojs/graph'
import { encodeWeights, roundWeights } from '@tacojs/model-io'
import fc from 'fast-check'
import { compactBytes } from './compact-bytes.js'
import { residualNetwork } from './testing/network.js'

const graph = residualNetwork(96)
const layers = prunableLayers(graph)

const share = fc.oneof(
  fc.constantFrom(0, 1),
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.double({ min: 0, max: 0.05, noNaN: true }),
)

/** All but the largest set to zero. */
function largest(data: Float32Array, count: number): Float32Array {
  const least = Float32Array.from(data, Math.abs).sort().reverse()[count - 1] ?? Infinity
  return data.map((v) => (Math.abs(v) >= least ? v : 0))
}

test.each(['fp32', 'fp16', 'int8'] as const)(
  '%s: never less than what the encoder writes when the largest weights are kept, and within 8 % of it',
  (precision) => {
    const bytes = compactBytes(graph, layers, precision)
    fc.assert(
      fc.property(fc.tuple(share, share), (shares) => {
        const kept = layers.map(({ rows, cols }, i) => Math.round(rows * cols * shares[i]!))
        const weights = new Map(
          layers.map(({ weight }, i) => {
            const { shape, data } = graph.initializers.get(weight)!.tensor
            return [weight, { tensor: float32(shape, largest(data as Float32Array, kept[i]!)) }]
          }),
        )
        const rounded = roundWeights(withInitializers(graph, weights), precision).graph
        const real = encodeWeights(expandFused(rounded).initializers).byteLength
        expect(bytes(kept)).toBeGreaterThanOrEqual(real)
        expect(bytes(kept)).toBeLessThanOrEqual(1.08 * real + 1024)
      }),
      { numRuns: 10, endOnFailure: true },
    )
  },
)
