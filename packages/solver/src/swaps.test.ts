import fc from 'fast-check'
import { damp } from './damp.js'
import { createNumerics, type Numerics } from './numerics.js'
import { parsePattern } from './pattern.js'
import { pivot, pivotsOf } from './pivots.js'
import { fitMask } from './refit.js'
import { solveLayer } from './solve-layer.js'
import { randomProblem, worst } from './testing/problems.js'

let linalg: Numerics
beforeAll(async () => {
  linalg = await createNumerics()
})
afterAll(() => linalg.dispose())

function dampedH(problem: ReturnType<typeof damp>): Float64Array {
  const { cols, h } = problem.problem
  return h.map((v, i) => (i % (cols + 1) === 0 ? v + problem.lambda : v))
}

test('pivots in and out give the sweep matrix of the support that they lead to', () => {
  const problem = damp(linalg, randomProblem(1, 10, 60))
  const h = dampedH(problem)
  const masks = [0b0000000000, 0b1100010010, 0b1111111111].map((bits) =>
    Uint8Array.from({ length: 10 }, (_, j) => (bits >> j) & 1),
  )
  for (const from of masks) {
    for (const to of masks) {
      const moved = pivotsOf(linalg, h, problem.product, from)!
      for (let j = 0; j < 10; j++) if (from[j] !== to[j]) pivot(moved, j)
      const direct = pivotsOf(linalg, h, problem.product, to)!
      expect(moved.kept).toEqual(to)
      expect(worst(moved.v, direct.v)).toBeLessThan(1e-9 * Math.max(...direct.v.map(Math.abs)))
      expect(worst(moved.m, direct.m)).toBeLessThan(1e-9 * Math.max(...direct.m.map(Math.abs)))
    }
  }
})

test.each(['unstructured', '2:4'])('%s: no exchange of two weights of a row is left that lowers the loss', (text) => {
  const pattern = parsePattern(text)
  fc.assert(
    fc.property(fc.nat(1000), fc.constantFrom('magnitude' as const, 'admm' as const), (seed, method) => {
      const [rows, cols] = [3, 11]
      const layer = randomProblem(rows, cols, 40, { seed })
      const options = { method, pattern, sparsity: 0.5 }
      const before = solveLayer(linalg, layer, options)
      const after = solveLayer(linalg, layer, { ...options, swaps: true })
      expect(after.loss).toBeLessThanOrEqual(before.loss)
      const group = (j: number) => (pattern.kind === 'nm' ? Math.floor(j / pattern.m) : 0)
      const counts = (mask: Uint8Array) =>
        Array.from({ length: rows * cols }, (_, g) => {
          let sum = 0
          for (let j = 0; j < cols; j++) sum += group(j) === g % cols ? mask[Math.floor(g / cols) * cols + j] : 0
          return sum
        })
      expect(counts(after.mask)).toEqual(counts(before.mask))
      const problem = damp(linalg, layer)
      for (let row = 0; row < rows; row++) {
        for (let i = 0; i < cols; i++) {
          for (let j = 0; j < cols; j++) {
            const [out, into] = [row * cols + i, row * cols + j]
            if (!after.mask[out] || after.mask[into] || group(i) !== group(j)) continue
            const mask = after.mask.slice()
            mask[out] = 0
            mask[into] = 1
            expect(fitMask(linalg, problem, mask).loss).toBeGreaterThan(after.loss * (1 - 1e-7))
          }
        }
      }
    }),
    { numRuns: 15 },
  )
})

test('zeros of a warm start stay, and dead inputs do not come back', () => {
  const layer = randomProblem(4, 16, 60, { dead: [2, 9] })
  const allowed = Uint8Array.from({ length: 64 }, (_, i) => (i % 5 === 0 ? 0 : 1))
  const options = {
    method: 'magnitude',
    pattern: { kind: 'unstructured' },
    sparsity: 0.6,
    allowed,
    swaps: true,
  } as const
  const { mask, nonzeros } = solveLayer(linalg, layer, options)
  expect(nonzeros).toBe(64 - 38)
  mask.forEach((kept, i) => expect(kept).toBeLessThanOrEqual([2, 9].includes(i % 16) ? 0 : allowed[i]))
})
