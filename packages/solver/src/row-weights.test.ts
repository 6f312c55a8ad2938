import { methods, type MethodName } from './methods.js'
import { createNumerics, type Numerics } from './numerics.js'
import type { LayerProblem } from './problem.js'
import { solveLayer, type SolveOptions } from './solve-layer.js'
import { exactProblem, random } from './testing/problems.js'

let numerics: Numerics
beforeAll(async () => {
  numerics = await createNumerics()
})
afterAll(() => numerics.dispose())

const [rows, cols, positions] = [6, 20, 90]
/** Powers of four: their roots are exact. */
const rowWeights = [1, 16, 0.25, 4, 64, 1]

/** The problem of inputs and outputs where row r of W and of Y is multiplied by `factor(r)`. */
function problem(factor: (row: number) => number): LayerProblem {
  const next = random(5)
  const weights = Float64Array.from({ length: rows * cols }, (_, i) => factor(Math.floor(i / cols)) * (next() - 0.5))
  const x = Float64Array.from({ length: positions * cols }, next)
  const y = Float64Array.from({ length: positions * rows }, (_, i) => {
    const [p, row] = [Math.floor(i / rows), i % rows]
    let sum = 0
    for (let j = 0; j < cols; j++) sum += weights[row * cols + j] * x[p * cols + j]
    return sum + factor(row) * 0.1 * next()
  })
  return exactProblem(weights, x, y, cols, true)
}

const options = (method: MethodName): SolveOptions => ({ method, pattern: { kind: 'unstructured' }, sparsity: 0.7 })

test.each(Object.keys(methods) as MethodName[])('%s: as if outputs were scaled by the roots', (method) => {
  const plain = problem(() => 1)
  const weighted = solveLayer(numerics, plain, { ...options(method), rowWeights })
  const scaled = solveLayer(
    numerics,
    problem((row) => Math.sqrt(rowWeights[row])),
    options(method),
  )
  expect(weighted.mask).toEqual(scaled.mask)
  expect(weighted.mask).not.toEqual(solveLayer(numerics, plain, options(method)).mask)
  weighted.weights.forEach((w, i) => {
    expect(w).toBeCloseTo(scaled.weights[i] / Math.sqrt(rowWeights[Math.floor(i / cols)]), 8)
  })
  // the errors told are those of the outputs as they are
  const { h, b, yy } = plain
  let error = yy
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < cols; i++) {
      const w = weighted.weights[row * cols + i]
      error -= 2 * w * b[row * cols + i]
      for (let j = 0; j < cols; j++) error += w * h[i * cols + j] * weighted.weights[row * cols + j]
    }
  }
  expect(weighted.error).toBeCloseTo(error, 6)
  expect(weighted.nonzeros).toBe(36)
})

test('rows of an n:m pattern do not compete', () => {
  const layer = problem(() => 1)
  const nm = { ...options('admm'), pattern: { kind: 'nm', n: 2, m: 4 } } as const
  expect(solveLayer(numerics, layer, { ...nm, rowWeights })).toEqual(solveLayer(numerics, layer, nm))
})

test('weights of rows that are none', () => {
  const solve = (wrong: number[]) => () =>
    solveLayer(
      numerics,
      problem(() => 1),
      { ...options('admm'), rowWeights: wrong },
    )
  expect(solve([1, 2])).toThrow('rowWeights has 2 values, 6 rows need as many')
  expect(solve([1, 2, 3, 4, 0, 6])).toThrow('rowWeights[4] is 0')
  expect(solve([1, 2, 3, 4, NaN, 6])).toThrow('rowWeights[4] is NaN')
})
