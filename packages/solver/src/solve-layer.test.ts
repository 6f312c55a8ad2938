import { createLinalg, type Linalg } from '@tacojs/linalg'
import fc from 'fast-check'
import { keptOfGroup } from './counts.js'
import { damp } from './damp.js'
import { parsePattern } from './pattern.js'
import type { LayerProblem } from './problem.js'
import { solveLayer, type SolveOptions } from './solve-layer.js'
import { multiply, plainLoss, randomProblem, worst } from './testing/problems.js'

let linalg: Linalg
beforeAll(async () => {
  linalg = await createLinalg()
})

const method = fc.constantFrom('magnitude' as const, 'fastobc' as const)
const problem = fc
  .record({
    rows: fc.integer({ min: 1, max: 7 }),
    cols: fc.integer({ min: 1, max: 26 }),
    positions: fc.integer({ min: 1, max: 40 }),
    seed: fc.nat(1000),
    dead: fc.array(fc.nat(25), { maxLength: 6 }),
    bias: fc.boolean(),
  })
  .map(({ rows, cols, positions, ...options }) => randomProblem(rows, cols, positions, options))
const sparsity = fc.oneof(fc.constantFrom(0, 1, 0.5, 0.75, 0.9), fc.double({ min: 0, max: 1, noNaN: true }))
const runs = { numRuns: 60 }

const solve = (layer: LayerProblem, options: Partial<SolveOptions>) =>
  solveLayer(linalg, layer, {
    method: 'fastobc',
    pattern: { kind: 'unstructured' },
    sparsity: 0.5,
    blockSize: 5,
    ...options,
  })

const zeros = (mask: Uint8Array) => mask.reduce((sum, kept) => sum + 1 - kept, 0)

test('unstructured: exactly the zeros asked for, whatever the inputs; the weights are 0 there and finite elsewhere', () => {
  fc.assert(
    fc.property(
      problem,
      method,
      sparsity,
      fc.constantFrom('first' as const, 'plain' as const),
      (layer, method, sparsity, deadInputs) => {
        const result = solve(layer, { method, sparsity, deadInputs })
        const count = layer.rows * layer.cols
        expect(zeros(result.mask)).toBe(Math.floor(count * sparsity + 1e-9))
        expect(result.nonzeros).toBe(count - zeros(result.mask))
        result.weights.forEach((w, i) => expect(result.mask[i] ? Number.isFinite(w) : w === 0).toBe(true))
      },
    ),
    runs,
  )
})

test('n:m: every group of every row keeps n, the tail its part', () => {
  fc.assert(
    fc.property(problem, method, fc.constantFrom('2:4', '1:4', '1:2', '3:7'), (layer, method, text) => {
      const pattern = parsePattern(text)
      if (pattern.kind !== 'nm') throw new Error(text)
      const { mask, nonzeros } = solve(layer, { method, pattern, sparsity: undefined })
      let total = 0
      for (let row = 0; row < layer.rows; row++) {
        for (let from = 0; from < layer.cols; from += pattern.m) {
          const to = Math.min(from + pattern.m, layer.cols)
          const kept = mask.subarray(row * layer.cols + from, row * layer.cols + to).reduce((sum, k) => sum + k, 0)
          expect(kept).toBe(keptOfGroup(to - from, pattern.n, pattern.m))
          total += kept
        }
      }
      expect(nonzeros).toBe(total)
    }),
    runs,
  )
})

test('loss, error and floor are what plain loops give', () => {
  fc.assert(
    fc.property(problem, method, sparsity, fc.boolean(), (layer, method, sparsity, refit) => {
      const result = solve(layer, { method, sparsity, refit })
      const { target } = damp(linalg, layer)
      const loss = plainLoss(layer, result.lambda, target, result.weights)
      const scale = plainLoss(layer, result.lambda, target, new Float64Array(target.length))
      expect(Math.abs(result.loss - loss)).toBeLessThanOrEqual(1e-8 * loss + 1e-12 * scale)
      const error = (v: Float64Array) => {
        const product = multiply(v, layer.h, layer.cols)
        return v.reduce((sum, w, i) => sum + w * (product[i] - 2 * layer.b[i]), layer.yy)
      }
      expect(Math.abs(result.error - error(result.weights))).toBeLessThanOrEqual(1e-8 * layer.yy + 1e-12 * scale)
      expect(Math.abs(result.floor - error(target))).toBeLessThanOrEqual(1e-8 * layer.yy + 1e-12 * scale)
    }),
    runs,
  )
})

test('refit never raises the loss, keeps the mask, and both ways of it agree', () => {
  fc.assert(
    fc.property(problem, method, sparsity, (layer, method, sparsity) => {
      const [plain, refitted] = [false, true].map((refit) => solve(layer, { method, sparsity, refit }))
      expect(refitted.loss).toBeLessThanOrEqual(plain.loss * (1 + 1e-12))
      expect(refitted.mask).toEqual(plain.mask)
      expect(plain.refit).toBe('none')
    }),
    runs,
  )
})

test('permuting the rows permutes the result', () => {
  const layer = randomProblem(6, 20, 60, { seed: 3 })
  const order = [3, 0, 5, 1, 4, 2]
  const permute = (v: Float64Array, width: number) =>
    Float64Array.from(v, (_, i) => v[order[Math.floor(i / width)] * width + (i % width)])
  const permuted = {
    ...layer,
    weights: permute(layer.weights, 20),
    b: permute(layer.b, 20),
    yMean: permute(layer.yMean, 1),
  }
  for (const method of ['magnitude', 'fastobc'] as const) {
    const [a, b] = [layer, permuted].map((problem) => solve(problem, { method, sparsity: 0.7 }))
    expect(worst(permute(a.weights, 20), b.weights)).toBeLessThan(1e-10)
    expect(worst(permute(a.bias!, 1), b.bias!)).toBeLessThan(1e-10)
    expect(Math.abs(a.loss - b.loss)).toBeLessThan(1e-10 * a.loss)
  }
})

test('the weights of dead inputs go first', () => {
  const layer = randomProblem(4, 12, 50, { dead: [2, 7] })
  for (const method of ['magnitude', 'fastobc'] as const) {
    const { mask } = solve(layer, { method, sparsity: 0.25 })
    for (let row = 0; row < 4; row++) expect([mask[row * 12 + 2], mask[row * 12 + 7]]).toEqual([0, 0])
    // 8 of the 12 zeros are theirs; asked for 6, no live weight goes.
    const few = solve(layer, { method, sparsity: 0.125 })
    expect(zeros(few.mask)).toBe(6)
    few.mask.forEach((kept, i) => expect(kept || [2, 7].includes(i % 12)).toBeTruthy())
  }
})

test('one position, no inputs that vary, a huge range, no damping: finite answers', () => {
  const one = randomProblem(3, 8, 1)
  expect(solve(one, {}).weights.every(Number.isFinite)).toBe(true)
  const still = randomProblem(3, 8, 20, { dead: [0, 1, 2, 3, 4, 5, 6, 7], drift: 0 })
  const result = solve(still, {})
  expect([zeros(result.mask), result.error, result.relativeError]).toEqual([12, 0, 0])
  const layer = randomProblem(3, 8, 20)
  const scale = (j: number) => 10 ** (4 * (j % 8) - 14)
  const wide = {
    ...layer,
    h: layer.h.map((v, i) => v * scale(i) * scale(Math.floor(i / 8))),
    b: layer.b.map((v, i) => v * scale(i)),
    weights: layer.weights.map((v, i) => v / scale(i)),
  }
  for (const method of ['magnitude', 'fastobc'] as const) {
    const { weights, loss, error } = solve(wide, { method })
    expect([...weights, loss, error].every(Number.isFinite)).toBe(true)
  }
  const singular = solve(one, { damp: 0 })
  expect(singular.escalations).toBeGreaterThan(0)
  expect(singular.lambda).toBeGreaterThan(0)
})

test.each([
  [{ sparsity: 1.2 }, 'sparsity 1.2'],
  [{ sparsity: -0.1 }, 'sparsity -0.1'],
  [{ sparsity: NaN }, 'sparsity NaN'],
  [{ sparsity: undefined }, 'sparsity undefined'],
  [{ damp: -1 }, 'damp -1'],
  [{ blockSize: 0 }, 'blockSize 0'],
  [{ method: 'toString' as 'magnitude' }, 'method "toString"'],
])('%o is refused', (options, message) => {
  const layer = randomProblem(2, 4, 9)
  expect(() => solve(layer, options)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
  )
})

test('NaN in a problem is named; a raised signal ends the work', () => {
  const layer = randomProblem(2, 4, 9)
  const b = layer.b.with(5, NaN)
  expect(() => solve({ ...layer, b }, {})).toThrow(
    expect.objectContaining({ code: 'NUMERICAL', message: expect.stringContaining('b[1, 1] is NaN') }),
  )
  expect(() => solve(layer, { signal: AbortSignal.abort() })).toThrow(expect.objectContaining({ code: 'ABORTED' }))
})
