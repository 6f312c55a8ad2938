import { createLinalg, type Admm, type AdmmOptions, type Linalg } from './index.js'
import { largest, random, subjects, times } from './testing/cases.js'

const { abs } = Math
const code = (value: string) => expect.objectContaining({ code: value })

let linalgs: Linalg[]
beforeAll(async () => {
  linalgs = (await subjects()).filter(({ eps }) => eps === 2 ** -23).map(({ linalg }) => linalg)
})

const values = (length: number, seed: number): Float32Array => Float32Array.from(random(length, seed))

const bits = ({ buffer }: Float32Array | Uint8Array): string => Buffer.from(buffer).toString('base64')

/** Q small enough for V to stay bounded. */
const problem = (m: number, n: number): AdmmOptions => ({
  ...{ m, n, rho: 0.7, b: values(m * n, 1), v: values(m * n, 2) },
  q: values(n * n, 3).map((v) => v / n),
})

/** What a stable sort by magnitude leaves: 0 for the first `count` of the open values and all that are not open. */
function sorted(v: Float32Array, open?: Uint8Array): (count: number) => Uint8Array {
  const order = Array.from(v.keys()).filter((i) => open?.[i] !== 0)
  order.sort((i, j) => abs(v[i]!) - abs(v[j]!) || i - j)
  return (count) => {
    const mask = open?.slice() ?? new Uint8Array(v.length).fill(1)
    for (const i of order.slice(0, count)) mask[i] = 0
    return mask
  }
}

const sizes = [
  [1, 1],
  [7, 5],
  [5, 33],
  [70, 300],
  [33, 530],
]

test.each(sizes)('%s×%s: a step is that of plain loops in f64', (m, n) => {
  const { q, b, v, rho } = problem(m, n)
  const mask = values(m * n, 4).map((x) => (x > 0 ? 1 : 0))
  for (const linalg of linalgs) {
    const admm = linalg.admm({ ...{ m, n, q, b, v, rho } })
    admm.choose(Uint8Array.from(mask))
    expect([...admm.mask()]).toEqual([...mask])
    const z = v.map((x, i) => x * mask[i]!)
    const u = v.map((x, i) => x - z[i]!)
    const right = b.map((x, i) => x + rho * (z[i]! - u[i]!))
    const size = times(
      b.map((x, i) => abs(x) + rho * abs(v[i]!)),
      q.map(abs),
      ...([m, n, n] as const),
    )
    const expected = times(right, q, m, n, n).map((x, i) => x + u[i]!)
    admm.step()
    // √n roundings of half a bit, and two for the sums of the two products and U
    const bound = (Math.sqrt(n) + 2) * 2 ** -24
    const errors = Array.from(admm.values(), (x, i) => abs(x - expected[i]!) / (size[i]! + abs(u[i]!)))
    expect(largest(errors)).toBeLessThan(bound)
    admm.dispose()
  }
})

describe.each(sizes)('%s×%s', (m, n) => {
  const some = values(m * n, 5)
  test.each([
    { of: 'all different', v: some },
    { of: 'many alike', v: some.map((v) => Math.round(4 * v) / 4) },
    { of: 'all 0', v: some.map((v) => v * 0) },
    { of: 'of all sizes', v: some.map((v) => v * 2 ** Math.round(120 * v)) },
    { of: 'nearly alike', v: some.map((v) => 1 + v * 2 ** -18) },
  ])('prune takes what a stable sort would: $of', ({ v }) => {
    const open = Uint8Array.from(values(m * n, 6), (x) => (x > -0.5 ? 1 : 0))
    for (const [given, all] of [
      [undefined, m * n],
      [open, open.reduce((sum, x) => sum + x, 0)],
    ] as const) {
      const kept = sorted(v, given)
      for (const linalg of linalgs) {
        const admm = linalg.admm({ ...problem(m, n), v, ...(given ? { open: given } : {}) })
        for (const count of new Set([0, 1, all >> 1, Math.floor(0.9 * all), all - 1, all])) {
          if (count < 0 || count > all) continue
          admm.prune(count)
          expect(bits(admm.mask())).toBe(bits(kept(count)))
        }
        expect(bits(admm.values())).toBe(bits(v))
        expect(() => admm.prune(all + 1)).toThrow(code('INVALID_ARGUMENT'))
        admm.dispose()
      }
    }
  })
})

/** The bits of everything after some iterations. */
function iterated(admm: Admm, count: number): string {
  for (let t = 0; t < 5; t++) {
    admm.prune(count)
    admm.step()
  }
  const all = bits(admm.values()) + bits(admm.mask())
  admm.dispose()
  return all
}

test('the same bits for any number of threads', async () => {
  const [m, n] = [100, 300]
  const options = problem(m, n)
  // ties that no thread can decide alone
  options.v.fill(0.25, 2000, 20_000)
  const one = await createLinalg()
  const expected = iterated(one.admm(options), 15_000)
  for (const threads of [2, 3]) {
    const several = await createLinalg({ threads })
    expect(several.threads.size).toBe(threads)
    expect(iterated(several.admm(options), 15_000)).toBe(expected)
    several.dispose()
  }
  one.dispose()
})

test('memory is freed, and too little of it is said', async () => {
  const linalg = await createLinalg({ memoryLimit: 4 << 20 })
  for (let i = 0; i < 20; i++) {
    const admm = linalg.admm(problem(100, 100))
    admm.dispose()
    admm.dispose()
    expect(() => admm.step()).toThrow(code('DISPOSED'))
    expect(() => linalg.admm(problem(10, 900))).toThrow(code('OUT_OF_MEMORY'))
  }
  linalg.dispose()
})

test('wrong sizes are INVALID_ARGUMENT', async () => {
  const linalg = await createLinalg()
  const right = problem(3, 4)
  expect(() => linalg.admm({ ...right, m: 2 })).toThrow(code('INVALID_ARGUMENT'))
  expect(() => linalg.admm({ ...right, q: new Float32Array(15) })).toThrow(code('INVALID_ARGUMENT'))
  expect(() => linalg.admm({ ...right, open: new Uint8Array(11) })).toThrow(code('INVALID_ARGUMENT'))
  const admm = linalg.admm(right)
  expect(() => admm.choose(new Uint8Array(11))).toThrow(code('INVALID_ARGUMENT'))
  expect(() => admm.prune(-1)).toThrow(code('INVALID_ARGUMENT'))
  linalg.dispose()
})
