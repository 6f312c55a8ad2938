import { createNumerics, createStatistics, solveLayer } from '@tacojs/solver'
import { createRandom } from '../../matrix/src/random.js'
import { heldOutError } from './held-out.js'

const [rows, cols] = [5, 12]
const random = createRandom(7)
const weights = Float32Array.from({ length: rows * cols }, random)

/** Correlated inputs with means of their own, and outputs that no weights give exactly. */
function positions(n: number, mean: number): { x: Float32Array; y: Float32Array; n: number } {
  const [x, y] = [new Float32Array(n * cols), new Float32Array(n * rows)]
  for (let i = 0; i < x.length; i++) x[i] = random() + (i % cols ? 0.6 * x[i - 1]! : mean)
  for (let p = 0; p < n; p++) {
    for (let row = 0; row < rows; row++) {
      let sum = 0.3 * row + 0.2 * random() + mean
      for (let j = 0; j < cols; j++) sum += weights[row * cols + j]! * x[p * cols + j]!
      y[p * rows + row] = sum
    }
  }
  return { x, y, n }
}

/** Σ‖y − Ŵx − b̂‖², position by position. */
function directError({ x, y, n }: ReturnType<typeof positions>, w: Float64Array, bias?: Float64Array): number {
  let error = 0
  for (let p = 0; p < n; p++) {
    for (let row = 0; row < rows; row++) {
      let residual = y[p * rows + row]! - (bias ? bias[row]! : 0)
      for (let j = 0; j < cols; j++) residual -= w[row * cols + j]! * x[p * cols + j]!
      error += residual * residual
    }
  }
  return error
}

test.each([true, false])('the sum over the positions, with a bias: %s', async (bias) => {
  const numerics = await createNumerics()
  try {
    const problemOf = ({ x, y, n }: ReturnType<typeof positions>) => {
      const statistics = createStatistics(numerics, { rows, cols, weights, bias })
      statistics.add(x, y, n)
      return statistics.finish()
    }
    const [seen, unseen] = [positions(300, 0.2), positions(90, -0.5)]
    const [problem, other] = [problemOf(seen), problemOf(unseen)]
    for (const method of ['magnitude', 'exactobs'] as const) {
      const solution = solveLayer(numerics, problem, { method, pattern: { kind: 'unstructured' }, sparsity: 0.6 })
      const direct = directError(unseen, solution.weights, solution.bias)
      expect(heldOutError(other, solution) / direct).toBeCloseTo(1, 5)
      // on the positions that were solved for it is the solver's own figure
      expect(heldOutError(problem, solution) / solution.error).toBeCloseTo(1, 9)
    }
  } finally {
    numerics.dispose()
  }
})
