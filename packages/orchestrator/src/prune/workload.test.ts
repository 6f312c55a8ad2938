import { residualNetwork } from '../allocate/testing/network.js'
import { parseRecipe } from '../recipe.js'
import { planLayers } from './plan.js'
import { workload } from './workload.js'

const { graph, groups } = planLayers(residualNetwork(16), parseRecipe({ model: '-', data: '-' }))
const layers = groups.map(({ members }) => members)
const options = { images: 10, share: () => 1 }

test('it rises from 0 to 1, and a layer of nine times the inputs is most of it', () => {
  const work = workload(graph, layers, options)
  expect(work.solved(0)).toBe(0)
  expect(work.solved(1)).toBeGreaterThan(0.8)
  expect(work.solved(1)).toBeLessThan(1)
  expect(work.solved(2)).toBe(1)
})

test('a backward pass is a part of the whole once it was asked for, and goes before the layers', () => {
  const work = workload(graph, layers, options)
  const shares = [0, 5, 10].map((images) => work.weighed(images))
  expect(shares[0]).toBe(0)
  expect(shares[1]).toBeCloseTo(shares[2]! / 2, 12)
  expect(work.solved(0)).toBeCloseTo(shares[2]!, 12)
  expect(shares[2]).toBeGreaterThan(0.001)
  expect(work.solved(2)).toBe(1)
})

test('layers that are there already take less, and fewer positions too', () => {
  const all = workload(graph, layers, options).solved(1)
  expect(workload(graph, layers, { ...options, kept: 1 }).solved(1)).toBeLessThan(0.8 * all)
  const many = workload(graph, layers, { ...options, images: 1000 })
  const few = workload(graph, layers, { images: 1000, share: () => 0.1 })
  // what does not depend on them weighs more
  expect(few.solved(1)).not.toBeCloseTo(many.solved(1), 4)
})
