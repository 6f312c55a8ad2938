import { expandFused, float32, prunableLayers, withInitializers } from '@tacojs/graph'
import { encodeWeights } from '@tacojs/model-io'
import fc from 'fast-check'
import { compactBytes } from './compact-bytes.js'
import { residualNetwork } from './testing/network.js'

const graph = residualNetwork(96)
const layers = prunableLayers(graph)
const bytes = compactBytes(graph, layers)

test('never less than what the encoder writes, whatever is kept and wherever, and within 4 % of it for large layers', () => {
  const share = fc.oneof(
    fc.constantFrom(0, 1),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.double({ min: 0, max: 0.05, noNaN: true }),
  )
  fc.assert(
    fc.property(fc.tuple(share, share), fc.integer({ min: 1, max: 1e6 }), fc.boolean(), (shares, seed, clustered) => {
      let state = seed
      const random = () => (state = (state * 48271) % 2147483647) / 2147483647
      const kept: number[] = []
      const weights = new Map(
        layers.map((layer, i) => {
          const n = layer.rows * layer.cols
          const data = Float32Array.from({ length: n }, (_, at) => {
            const keep = clustered ? at / n < shares[i]! : random() < shares[i]!
            return keep ? 1 + random() : 0
          })
          kept.push(data.reduce((sum, v) => sum + (v === 0 ? 0 : 1), 0))
          const { shape } = graph.initializers.get(layer.weight)!.tensor
          return [
            layer.weight,
            { tensor: float32(shape, data), sparsity: { pattern: 'unstructured', nonzeros: kept[i]! } },
          ]
        }),
      )
      const real = encodeWeights(expandFused(withInitializers(graph, weights)).initializers).byteLength
      expect(bytes(kept)).toBeGreaterThanOrEqual(real)
      expect(bytes(kept)).toBeLessThanOrEqual(1.04 * real + 1024)
    }),
    { numRuns: 40 },
  )
})
