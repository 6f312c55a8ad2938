import { createLinalg, type Linalg, type PosvPrincipalOptions } from './index.js'
import { largest, positive, random, subjects } from './testing/cases.js'

const { abs, max } = Math
const code = (value: string) => expect.objectContaining({ code: value })

let linalgs: Linalg[]
beforeAll(async () => {
  linalgs = (await subjects()).filter(({ eps }) => eps === 2 ** -52).map(({ linalg }) => linalg)
})

const n = 150

/** Systems of 0 to 150 unknowns with 0 to 3 right-hand sides. */
const systemsOf = (a: Float64Array): PosvPrincipalOptions => ({
  ...{ n, a, shift: 0.25 },
  systems: [0, 1, 2, 5, 16, 33, 97, 149, 150].map((k, s) => {
    const support = Int32Array.from({ length: k }, (_, i) => Math.floor((i * n) / k))
    return { support, nrhs: s % 4, b: random((s % 4) * k, 7 + s) }
  }),
})

test('each system has its solution', () => {
  for (const linalg of linalgs) {
    const a = positive(n, 1)
    const exact = a.slice()
    // only the lower triangle may be read
    for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) a[i * n + j] = NaN
    const options = systemsOf(a)
    const given = options.systems.map(({ b }) => b.slice())
    expect([...linalg.posvPrincipal(options)]).toEqual(options.systems.map(() => 1))
    for (const [s, { support, nrhs, b }] of options.systems.entries()) {
      const k = support.length
      let worst = 0
      for (let q = 0; q < nrhs; q++) {
        for (let i = 0; i < k; i++) {
          let left = -given[s]![q * k + i]! + 0.25 * b[q * k + i]!
          for (let j = 0; j < k; j++) left += exact[support[i]! * n + support[j]!]! * b[q * k + j]!
          worst = max(worst, abs(left))
        }
      }
      // backward stable, as posv
      expect(worst).toBeLessThanOrEqual(4 * k * 2 ** -52 * k * (largest(exact) + 0.25) * (1 + largest(b)))
    }
  }
})

test('a system that is not positive definite is left as it was, and the others are solved', () => {
  for (const linalg of linalgs) {
    const a = Float64Array.of(4, 0, 0, 0, -1, 0, 0, 0, 16)
    const systems = [[0], [0, 1], [2]].map((support) => ({
      ...{ support: Int32Array.from(support), nrhs: 1 },
      b: Float64Array.from(support, () => 8),
    }))
    expect([...linalg.posvPrincipal({ n: 3, a, systems })]).toEqual([1, 0, 1])
    expect(systems.map(({ b }) => [...b])).toEqual([[2], [8, 8], [0.5]])
    expect(linalg.posvPrincipal({ n: 3, a, systems: [] })).toHaveLength(0)
  }
})

test('the same bits for any number of threads', async () => {
  const solve = (linalg: Linalg): string => {
    const options = systemsOf(positive(n, 1))
    linalg.posvPrincipal(options)
    return Buffer.concat(options.systems.map(({ b }) => Buffer.from(b.buffer))).toString('base64')
  }
  const one = await createLinalg()
  for (const threads of [2, 3]) {
    const several = await createLinalg({ threads })
    expect(several.threads.size).toBe(threads)
    expect(solve(several)).toBe(solve(one))
    several.dispose()
  }
  one.dispose()
})

test('wrong sizes are INVALID_ARGUMENT', async () => {
  const linalg = await createLinalg()
  const a = new Float64Array(4).fill(1)
  const solve = (support: number[], nrhs: number, length: number) => () =>
    linalg.posvPrincipal({
      n: 2,
      a,
      systems: [{ support: Int32Array.from(support), nrhs, b: new Float64Array(length) }],
    })
  expect(solve([2], 1, 1)).toThrow(code('INVALID_ARGUMENT'))
  expect(solve([-1], 1, 1)).toThrow(code('INVALID_ARGUMENT'))
  expect(solve([0, 1], 1, 1)).toThrow(code('INVALID_ARGUMENT'))
  expect(() => linalg.posvPrincipal({ n: 3, a, systems: [] })).toThrow(code('INVALID_ARGUMENT'))
  linalg.dispose()
})
