import { admm } from './admm.js'
import { budgetOf } from './counts.js'
import { damp } from './damp.js'
import { excess } from './loss.js'
import { createNumerics, type Numerics } from './numerics.js'
import { parsePattern } from './pattern.js'
import { refit } from './refit.js'
import { solveLayer } from './solve-layer.js'
import { golden } from './testing/golden.js'
import { goldenProblem, randomProblem, worst } from './testing/problems.js'

let linalg: Numerics
beforeAll(async () => {
  linalg = await createNumerics()
})
afterAll(() => linalg.dispose())

test.each(['unstructured', '2:4', '4x1'])('%s: the exact fit on its support', (text) => {
  const problem = damp(linalg, randomProblem(16, 48, 200))
  const pattern = parsePattern(text)
  const budget = budgetOf(16, 48, pattern, 0.75)
  const result = admm({ linalg, problem, pattern, budget, blockSize: 128, deadInputs: 'first' })
  const again = refit(linalg, problem, { ...result, loss: Infinity }, { kind: 'cholesky' })
  expect(Math.abs(again.loss - result.loss)).toBeLessThanOrEqual(1e-10 * result.loss)
  expect(worst(again.weights, result.weights)).toBeLessThan(1e-9)
  expect(Math.abs(excess(linalg, problem, result.weights).loss - result.loss)).toBeLessThanOrEqual(1e-10 * result.loss)
})

test('of several ρ the one with the lowest loss', () => {
  const layer = randomProblem(12, 40, 200)
  const options = { method: 'admm', pattern: { kind: 'unstructured' }, sparsity: 0.7 } as const
  const loss = (rho: number | readonly number[]) => solveLayer(linalg, layer, { ...options, rho }).loss
  const each = [0.3, 0.7, 2].map(loss)
  expect(new Set(each).size).toBeGreaterThan(1)
  expect(loss([0.3, 0.7, 2])).toBe(Math.min(...each))
  expect(solveLayer(linalg, layer, options).loss).toBe(each[1])
})

test('inputs and layers of whatever scale have the same masks', () => {
  const layer = randomProblem(6, 24, 100, { dead: [] })
  const solve = (scale: (j: number) => number, factor: number) =>
    solveLayer(
      linalg,
      {
        ...layer,
        h: layer.h.map((v, i) => v * scale(i % 24) * scale(Math.floor(i / 24))),
        b: layer.b.map((v, i) => v * scale(i % 24) * factor),
        weights: layer.weights.map((v, i) => (v / scale(i % 24)) * factor),
        yy: layer.yy * factor * factor,
      },
      { method: 'admm', pattern: { kind: 'unstructured' }, sparsity: 0.6, damp: 0 },
    )
  const plain = solve(() => 1, 1)
  // powers of two, so that no rounding differs
  expect(solve((j) => 2 ** (4 * (j % 9) - 16), 2 ** 40).mask).toEqual(plain.mask)
})

test.each(['tiny4x8', 'mid16x64', 'conv12x54', 'deficient24x96'])(
  '%s: no better than the optimum, better than magnitude',
  (name) => {
    const data = golden(name)
    if (!data) return
    const problem = damp(linalg, goldenProblem(data), { damp: (data.json as unknown as { damp: number }).damp })
    const { rows, cols, results } = data.json
    for (const percent of [50, 75]) {
      const budget = budgetOf(rows, cols, { kind: 'unstructured' }, percent / 100)
      const context = { linalg, problem, budget, blockSize: 128, deadInputs: 'plain' } as const
      const { loss } = admm({ ...context, pattern: { kind: 'unstructured' } })
      const { optimum_over_all_masks: best } = results[`obs.${percent}`]
      // only the smallest problem is solved by brute force
      expect(best === undefined).toBe(name !== 'tiny4x8')
      if (name === 'tiny4x8') expect(loss).toBeGreaterThanOrEqual(best * (1 - 1e-8))
      expect(loss).toBeLessThan(results[`obs.${percent}`].magnitude_error_with_refit)
    }
  },
)
