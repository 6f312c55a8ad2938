import { createLinalg, type Linalg } from '@tacojs/linalg'
import { damp, type DampedProblem } from './damp.js'
import { excess } from './loss.js'
import type { Candidate } from './method.js'
import { fitMask, refit } from './refit.js'
import {
  collinearProblem,
  exactProblem,
  multiply,
  random,
  randomProblem,
  transpose,
  worst,
} from './testing/problems.js'

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

test.each([
  { kind: 'shared', rows: 6, cols: 100, damps: [1e-3, 2e-4, 1.1e-5, 1e-7] },
  { kind: 'decaying', rows: 4, cols: 200, damps: [1e-3, 1e-4, 1e-5, 1e-7] },
] as const)('… and where inputs are nearly collinear and λ is small: $kind', ({ kind, rows, cols, damps }) => {
  const layer = collinearProblem(rows, cols, 4 * cols, kind)
  for (const relative of damps) {
    const problem = damp(linalg, layer, { damp: relative })
    const candidate = candidateOf(problem, 0.9)
    const [exact, near] = (['cholesky', 'conjugate-gradient'] as const).map(
      (kind) => refit(linalg, problem, candidate, { kind }).rowLosses!,
    )
    // the first row is whole and loses nothing, the second empty
    const size = excess(linalg, problem, new Float64Array(rows * cols)).loss
    near.forEach((loss, row) => expect(loss).toBeLessThanOrEqual(exact[row] * (1 + 5e-6) + 1e-12 * size))
  }
})

test('rows whose H_SS cannot be factored are fitted all the same, and that is told', () => {
  const [rows, cols] = [4, 12]
  const next = random(2)
  const x = Float64Array.from({ length: 20 * cols }, () => next() - 0.5)
  // three inputs twice
  for (let i = 0; i < x.length; i += cols) x.copyWithin(i + 9, i, i + 3)
  const weights = Float64Array.from({ length: rows * cols }, () => next() - 0.5)
  const layer = exactProblem(weights, x, multiply(x, transpose(weights, cols), cols), cols, false)
  const problem: DampedProblem = { ...damp(linalg, layer), lambda: 0, target: weights, product: layer.b }
  // what is dropped can be made up for exactly, and is not in the last row
  const mask = Uint8Array.from(weights, (_, i) => (i % cols === 10 || i === 3 * cols + 5 ? 0 : 1))
  const zero = new Float64Array(rows * cols)
  const empty = excess(linalg, problem, zero).loss
  for (const fitted of [fitMask(linalg, problem, mask), refit(linalg, problem, { mask, weights: zero, loss: empty })]) {
    expect(fitted.refit).toBe('conjugate-gradient')
    expect(fitted.weights.every((w, i) => mask[i] === 1 || w === 0)).toBe(true)
    fitted.rowLosses!.subarray(0, 3).forEach((loss) => expect(loss).toBeLessThan(1e-12 * empty))
    const { residual } = excess(linalg, problem, fitted.weights)
    const left = residual.map((v, i) => (mask[i] ? v : 0))
    expect(worst(left, zero)).toBeLessThan(1e-6 * worst(residual, left))
  }
})

test('weights beside the mask do not come back', () => {
  const problem = damp(linalg, randomProblem(6, 20, 80))
  const { mask } = candidateOf(problem, 0.5)
  for (const kind of ['cholesky', 'conjugate-gradient'] as const) {
    // the best weights of all lose nothing: no fit on the mask is better
    const { weights, loss, refit: how } = refit(linalg, problem, { mask, weights: problem.target, loss: 0 }, { kind })
    expect(how).toBe(kind)
    expect(weights.every((w, i) => mask[i] === 1 || w === 0)).toBe(true)
    expect(Math.abs(excess(linalg, problem, weights).loss / loss - 1)).toBeLessThan(1e-9)
    expect(Math.abs(fitMask(linalg, problem, mask, { kind }).loss / loss - 1)).toBeLessThan(2e-6)
  }
})

test('masks, weights and kinds that do not fit are refused', () => {
  const problem = damp(linalg, randomProblem(2, 4, 9))
  const candidate = { mask: new Uint8Array(8).fill(1), weights: new Float64Array(8), loss: 0 }
  const said = (code: string, message: string) =>
    expect.objectContaining({ code, message: expect.stringContaining(message) })
  const refitted = (part: Partial<Candidate>) => () => refit(linalg, problem, { ...candidate, ...part })
  expect(refitted({ mask: new Uint8Array(4) })).toThrow(said('SHAPE_MISMATCH', 'refit: mask has 4 values, 2×4'))
  expect(refitted({ mask: new Uint8Array(8).fill(3) })).toThrow(said('INVALID_ARGUMENT', 'refit: mask[0] is 3'))
  expect(refitted({ weights: new Float64Array(12) })).toThrow(said('SHAPE_MISMATCH', 'refit: weights has 12 values'))
  const kind = 'lu' as 'cholesky'
  expect(() => refit(linalg, problem, candidate, { kind })).toThrow(said('INVALID_ARGUMENT', 'refit: kind "lu"'))
  expect(() => fitMask(linalg, problem, candidate.mask, { kind })).toThrow(
    said('INVALID_ARGUMENT', 'fitMask: kind "lu"'),
  )
  expect(() => fitMask(linalg, problem, new Uint8Array(9))).toThrow(
    said('SHAPE_MISMATCH', 'fitMask: mask has 9 values'),
  )
})

test('what is optimal stays as it is', () => {
  const problem = damp(linalg, randomProblem(6, 20, 80))
  const once = refit(linalg, problem, candidateOf(problem, 0.5))
  const twice = refit(linalg, problem, once)
  expect(twice.loss).toBeLessThanOrEqual(once.loss)
  expect(worst(twice.weights, once.weights)).toBeLessThan(1e-9)
})
