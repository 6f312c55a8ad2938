import { createLinalg, type Linalg } from '@tacojs/linalg'
import { damp } from './damp.js'
import { excess } from './loss.js'
import type { Candidate } from './method.js'
import { refit } from './refit.js'
import { random, randomProblem, worst } from './testing/problems.js'

let linalg: Linalg
beforeAll(async () => {
  linalg = await createLinalg()
})

/** A mask of the given density; the first row is all kept, the second empty, the third and fourth alike. */
function candidateOf(problem: ReturnType<typeof damp>, density: number): Candidate {
  const { rows, cols } = problem.problem
  const next = random(5)
  const mask = Uint8Array.from({ length: rows * cols }, () => (next() < density ? 1 : 0))
  mask
    .fill(1, 0, cols)
    .fill(0, cols, 2 * cols)
    .copyWithin(3 * cols, 2 * cols, 3 * cols)
  const weights = problem.target.map((w, i) => (mask[i] ? w : 0))
  return { weights, mask, loss: excess(linalg, problem, weights).loss }
}

test.each([0.1, 0.25, 0.5, 0.9])('conjugate gradients and Cholesky agree at density %f', (density) => {
  // Fewer positions than inputs: the damping alone makes H definite.
  for (const positions of [60, 400]) {
    const problem = damp(linalg, randomProblem(24, 120, positions))
    const candidate = candidateOf(problem, density)
    const [exact, near] = (['cholesky', 'conjugate-gradient'] as const).map((kind) => {
      const result = refit(linalg, problem, candidate, { kind })
      expect(result.refit).toBe(kind)
      expect(result.loss).toBeLessThan(candidate.loss)
      expect(Math.abs(excess(linalg, problem, result.weights).loss - result.loss)).toBeLessThanOrEqual(
        1e-10 * result.loss,
      )
      expect(result.weights.every((w, i) => candidate.mask[i] === 1 || w === 0)).toBe(true)
      return result
    })
    expect(near.loss).toBeGreaterThanOrEqual(exact.loss * (1 - 1e-10))
    expect(near.loss).toBeLessThanOrEqual(exact.loss * (1 + 2e-6))
    // What is optimal has no gradient left on its support.
    const { residual } = excess(linalg, problem, exact.weights)
    const left = residual.map((v, i) => (candidate.mask[i] ? v : 0))
    expect(worst(left, new Float64Array(left.length))).toBeLessThan(1e-8 * worst(residual, left))
  }
})

test('what is optimal stays as it is', () => {
  const problem = damp(linalg, randomProblem(6, 20, 80))
  const once = refit(linalg, problem, candidateOf(problem, 0.5))
  const twice = refit(linalg, problem, once)
  expect(twice.loss).toBeLessThanOrEqual(once.loss)
  expect(worst(twice.weights, once.weights)).toBeLessThan(1e-9)
})
