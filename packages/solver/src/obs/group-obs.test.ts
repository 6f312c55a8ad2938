import { createLinalg } from '@tacojs/linalg'
import { damp } from '../damp.js'
import { excess } from '../loss.js'
import { createNumerics, type Numerics } from '../numerics.js'
import { bestLoss } from '../testing/brute-force.js'
import { plainLoss, randomProblem } from '../testing/problems.js'
import { groupObs } from './group-obs.js'

let numerics: Numerics
beforeAll(async () => {
  numerics = await createNumerics()
})
afterAll(() => numerics.dispose())

const groups = [[5, 0], [2], [7, 3, 8], [1, 9]].map((group) => Int32Array.from(group))

test('groups of any columns: each removal is the cheapest, the rest is the best fit, columns in no group stay', () => {
  for (const seed of [1, 2, 3, 4]) {
    const layer = randomProblem(5, 10, 30, { seed })
    const problem = damp(numerics, layer)
    const all = Array.from({ length: 10 }, (_, j) => j)
    const without = (gone: number[]) => all.filter((j) => !gone.some((g) => groups[g].includes(j)))
    const loss = (gone: number[]) => bestLoss(problem, [0, 1, 2, 3, 4], without(gone))
    for (let count = 0; count <= 4; count++) {
      const { order, losses, loss: sum, weights } = groupObs(numerics, problem, groups, count)
      expect(order.length).toBe(count)
      order.forEach((group, k) => {
        const before = [...order.subarray(0, k)]
        const rises = groups.map((_, g) => (before.includes(g) ? Infinity : loss([...before, g]) - loss(before)))
        expect(Math.abs(losses[k] / rises[group] - 1)).toBeLessThan(1e-8)
        expect(rises[group]).toBeLessThanOrEqual(Math.min(...rises) * (1 + 1e-8))
      })
      const kept = without([...order])
      weights.forEach((w, i) => expect(w !== 0).toBe(kept.includes(i % 10)))
      const expected = losses.reduce((sum, l) => sum + l, 0)
      // the loss is that of the weights, not what the removals add up to
      expect(sum).toBe(excess(numerics, problem, weights).loss)
      for (const measured of [sum, plainLoss(layer, problem.lambda, problem.target, weights)]) {
        expect(Math.abs(measured - expected)).toBeLessThanOrEqual(1e-8 * expected + 1e-12 * loss([0, 1, 2, 3]))
      }
    }
  }
})

test('where outputs count differently, each removal is the cheapest for what they count', () => {
  const rows = [0, 1, 2, 3, 4]
  const counts = [0.01, 3, 0.2, 1, 20]
  let others = 0
  for (const seed of [1, 2, 3, 4]) {
    const layer = randomProblem(5, 10, 30, { seed })
    const problem = damp(numerics, layer)
    const without = (gone: number[]) =>
      Array.from({ length: 10 }, (_, j) => j).filter((j) => !gone.some((g) => groups[g].includes(j)))
    const loss = (gone: number[]) => rows.reduce((sum, r) => sum + counts[r] * bestLoss(problem, [r], without(gone)), 0)
    const { order, losses, loss: plain, weights } = groupObs(numerics, problem, groups, 3, { rowWeights: counts })
    order.forEach((group, k) => {
      const before = [...order.subarray(0, k)]
      const rises = groups.map((_, g) => (before.includes(g) ? Infinity : loss([...before, g]) - loss(before)))
      expect(rises[group]).toBeLessThanOrEqual(Math.min(...rises) * (1 + 1e-8))
      expect(Math.abs(losses[k] / rises[group] - 1)).toBeLessThan(1e-8)
    })
    const expected = plainLoss(layer, problem.lambda, problem.target, weights)
    expect(Math.abs(plain - expected)).toBeLessThanOrEqual(1e-8 * expected)
    expect(Math.abs(expected / bestLoss(problem, rows, without([...order])) - 1)).toBeLessThan(1e-8)
    if (String(order) !== String(groupObs(numerics, problem, groups, 3).order)) others++
  }
  expect(others).toBeGreaterThan(0)
  const problem = damp(numerics, randomProblem(5, 10, 30))
  expect(() => groupObs(numerics, problem, groups, 1, { rowWeights: [1, 2] })).toThrow(/rowWeights has 2 values/)
})

test('a linalg without the kernels is refused', async () => {
  const plain = await createLinalg()
  const problem = damp(plain, randomProblem(2, 10, 30))
  for (const options of [{}, { rowWeights: [1, 2] }]) {
    expect(() => groupObs(plain as Numerics, problem, groups, 1, options)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: 'groupObs: needs the numerics of createNumerics()',
      }),
    )
  }
  plain.dispose()
})

test.each([
  [[[0, 1], [1]], 1, 'column 1 of group 1 is also in group 0'],
  [[[0, 12]], 1, 'column 12 of group 0 is not one of 10'],
  [[[0], []], 1, 'group 1 is empty'],
  [[[0]], 2, 'count is 2'],
])('groups %j, count %i: refused', (lists, count, message) => {
  const problem = damp(numerics, randomProblem(2, 10, 30))
  const sets = lists.map((list) => Int32Array.from(list))
  expect(() => groupObs(numerics, problem, sets, count)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
  )
})
