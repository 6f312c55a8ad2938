import { planLayers } from '../prune/plan.js'
import { parseRecipe } from '../recipe.js'
import { withRandomZeros } from './random-zeros.js'
import { residualNetwork } from './testing/network.js'

const graph = residualNetwork(32)
const weights = (pattern: string, share: number) => {
  const layers = planLayers(graph, parseRecipe({ model: '-', data: '-', pattern })).groups.flatMap((g) => g.members)
  const { layer } = layers[0]!
  const { tensor, sparsity } = withRandomZeros(graph, layers, () => share).initializers.get(layer.weight)!
  const zero = Array.from(tensor.data as Float32Array, (value) => value === 0)
  expect(sparsity).toEqual({ pattern, nonzeros: zero.filter((z) => !z).length })
  return { ...layer, zero, share: zero.filter((z) => z).length / zero.length }
}

test('as many zeros as asked for, as chance has it; none and all exactly', () => {
  for (const pattern of ['unstructured', '4x1', '1x4']) {
    expect(weights(pattern, 0).share).toBe(0)
    expect(weights(pattern, 1).share).toBe(1)
    expect(weights(pattern, 0.8).share).toBeCloseTo(0.8, 1)
  }
})

test('blocks go as a whole', () => {
  const { rows, cols, zero } = weights('4x1', 0.5)
  for (let top = 0; top < rows; top += 4) {
    for (let col = 0; col < cols; col++) {
      expect(new Set([0, 1, 2, 3].map((row) => zero[(top + row) * cols + col])).size).toBe(1)
    }
  }
})

test('at the end of a row as many stay as the solver keeps', () => {
  // 27 inputs: six groups of four, and three more
  const layers = planLayers(residualNetwork(3), parseRecipe({ model: '-', data: '-', pattern: '2:4' })).groups
  const [first] = layers.flatMap((g) => g.members)
  const { tensor } = withRandomZeros(residualNetwork(3), [first!], () => 0).initializers.get(first!.layer.weight)!
  const zeros = Array.from({ length: 3 }, (_, row) =>
    (tensor.data as Float32Array).subarray(27 * row + 24, 27 * row + 27),
  )
  for (const tail of zeros) expect(tail.filter((v) => v !== 0)).toHaveLength(2)
})

test('of n:m exactly n of each m stay, at different places', () => {
  const { zero } = weights('2:4', 0)
  const groups = Array.from({ length: zero.length / 4 }, (_, g) => zero.slice(4 * g, 4 * g + 4))
  for (const group of groups) expect(group.filter((z) => z)).toHaveLength(2)
  expect(new Set(groups.map(String)).size).toBeGreaterThan(2)
})
