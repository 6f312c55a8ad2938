import { prunableLayers } from '@tacojs/graph'
import { latencyCost, macCost, parameterCost } from './costs.js'
import { residualNetwork } from './testing/network.js'

const graph = residualNetwork()
const [first, second] = prunableLayers(graph) as [
  ReturnType<typeof prunableLayers>[0],
  ReturnType<typeof prunableLayers>[0],
]

test('non-zeros and multiply-accumulates of what is kept', () => {
  expect(parameterCost(first, 0.75)).toBe((8 * 8 * 9) / 4)
  // 36 positions
  expect(macCost(graph)(first, 0.75)).toBe((36 * 8 * 8 * 9) / 4)
  expect(macCost(graph)(second, 0)).toBe(36 * 8 * 8)
})

test('milliseconds on lines between those that were measured', () => {
  const cost = latencyCost(
    [first, second],
    [0, 0.5, 0.9],
    [
      [10, 6, 2],
      [3, 3.5, 1],
    ],
  )
  expect([0, 0.25, 0.5, 0.7, 0.9, 0.95].map((s) => cost(first, s))).toEqual([10, 8, 6, expect.closeTo(4, 9), 2, 2])
  expect(cost(second, 0.7)).toBeCloseTo(2, 9)
})
