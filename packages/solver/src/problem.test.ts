import { createLinalg, type Linalg } from '@tacojs/linalg'
import { checkProblem, deadInputs, type LayerProblem } from './problem.js'
import { createStatistics } from './statistics.js'
import { exactProblem, random, randomProblem } from './testing/problems.js'

let linalg: Linalg
beforeAll(async () => {
  linalg = await createLinalg()
})
afterAll(() => linalg.dispose())

test('inputs that vary little beside a large mean are alive; constant ones, and rounding alone, are dead', () => {
  const [cols, positions] = [5, 900]
  const next = random(4)
  const x = Float32Array.from({ length: positions * cols }, (_, i) => {
    const p = Math.floor(i / cols)
    // ±5e-4 about 1000, 1000 itself, 1 ± the last bit, 0, and what varies in plain sight
    return [1000 + 1e-3 * (next() - 0.5), 1000, 1 + (p % 2) * 2 ** -23, 0, next()][i % cols]
  })
  const y = Float32Array.from({ length: positions }, next)
  const weights = Float64Array.from({ length: cols }, next)
  const statistics = createStatistics(linalg, { rows: 1, cols, weights, bias: true })
  statistics.add(x, y, positions)
  const expected = [0, 1, 1, 1, 0]
  expect([...deadInputs(statistics.finish())]).toEqual(expected)
  const exact = exactProblem(weights, Float64Array.from(x), Float64Array.from(y), cols, true)
  expect([...deadInputs(exact)]).toEqual(expected)
  // without a bias, what never varies counts all the same
  const plain = exactProblem(weights, Float64Array.from(x), Float64Array.from(y), cols, false)
  expect([...deadInputs(plain)]).toEqual([0, 0, 0, 1, 0])
})

test.each([
  ['no count', { count: undefined }, 'INVALID_ARGUMENT', 'count is undefined'],
  ['a count of 0', { count: 0 }, 'INVALID_ARGUMENT', 'count is 0'],
  ['a count that is no number', { count: NaN }, 'INVALID_ARGUMENT', 'count is NaN'],
  ['no h', { h: undefined }, 'SHAPE_MISMATCH', 'h has undefined values'],
  ['no yy', { yy: undefined }, 'NUMERICAL', 'yy[0] is undefined'],
])('a problem with %s is refused', (_, part, code, message) => {
  const problem = { ...randomProblem(2, 3, 9), ...part } as LayerProblem
  expect(() => checkProblem(problem)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(message) }),
  )
})
