import { createLinalg, type Linalg } from '@tacojs/linalg'
import { damp } from './damp.js'
import { groupMagnitude } from './group-magnitude.js'
import { plainLoss, randomProblem } from './testing/problems.js'

let linalg: Linalg
beforeAll(async () => {
  linalg = await createLinalg()
})
afterAll(() => linalg.dispose())

test('the groups with the smallest dense weights go, the others keep theirs, and the loss is that of the weights', () => {
  const layer = randomProblem(3, 8, 30, { seed: 5 })
  const sizes = [4, 1, 0.5, 2]
  // groups of two columns of one size, and one column in no group with the smallest weights of all
  const groups = [[6, 0], [1, 5], [2], [4, 7]].map((group) => Int32Array.from(group))
  groups.forEach((group, g) => {
    for (const j of group) for (let row = 0; row < 3; row++) layer.weights[row * 8 + j] = sizes[g]! * (-1) ** row
  })
  for (let row = 0; row < 3; row++) layer.weights[row * 8 + 3] = 1e-3
  const problem = damp(linalg, layer)
  // ‖W_B‖² = 3 · columns · size²: 96, 6, 0.75, 24
  const inOrder = [2, 1, 3, 0]
  for (let count = 0; count <= 4; count++) {
    const { order, weights, loss } = groupMagnitude(linalg, problem, groups, count)
    expect([...order]).toEqual(inOrder.slice(0, count))
    const gone = inOrder.slice(0, count).flatMap((g) => [...groups[g]!])
    expect([...weights]).toEqual([...layer.weights].map((w, i) => (gone.includes(i % 8) ? 0 : w)))
    const expected = plainLoss(layer, problem.lambda, problem.target, weights)
    expect(Math.abs(loss - expected)).toBeLessThanOrEqual(1e-9 * expected)
  }
})

test('of equal groups the first goes first, and what is no group is refused', () => {
  const layer = randomProblem(2, 6, 20, { seed: 1 })
  layer.weights.fill(1)
  const problem = damp(linalg, layer)
  const pairs = [
    [0, 1],
    [2, 3],
    [4, 5],
  ].map((group) => Int32Array.from(group))
  expect([...groupMagnitude(linalg, problem, pairs, 2).order]).toEqual([0, 1])
  expect(() => groupMagnitude(linalg, problem, [Int32Array.of(9)], 1)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('groupMagnitude: column 9') }),
  )
})
