import { createLinalg, type AdmmOptions, type Linalg } from './index.js'
import { largest, positive, random, subjects, times } from './testing/cases.js'

const { abs } = Math
const code = (value: string) => expect.objectContaining({ code: value })

let linalgs: Linalg[]
beforeAll(async () => {
  linalgs = (await subjects()).filter(({ eps }) => eps === 2 ** -23).map(({ linalg }) => linalg)
})

const values = (length: number, seed: number): Float32Array => Float32Array.from(random(length, seed))

const bits = ({ buffer }: Float32Array | Uint8Array): string => Buffer.from(buffer).toString('base64')

type Given = Pick<AdmmOptions, 'open' | 'allowed'>

/** Q small enough for V to stay bounded. */
const problem = (m: number, n: number): AdmmOptions & { readonly q: Float32Array } => ({
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
    const admm = linalg.admm({ ...{ m, n, q, b, v, rho }, open: Uint8Array.from(mask) })
    admm.prune(0)
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

test.each(sizes)('%s×%s: Q as an inverse is what potrf and potri give', (m, n) => {
  const { b, v, rho } = problem(m, n)
  const scale = random(n, 5).map((x) => 1.5 + x)
  // S·A·S positive, and NaN where it is not to be read
  const product = positive(n, 6).map((x, at) => (at % (n + 1) === 0 ? 3 : x))
  const a = product.map((x, at) =>
    at % n < Math.floor(at / n) ? x / scale[at % n]! / scale[Math.floor(at / n)]! : NaN,
  )
  const expected = product.map((_, at) => {
    const [i, j] = [Math.floor(at / n), at % n]
    return i === j ? 3 : a[Math.max(i, j) * n + Math.min(i, j)]! * scale[Math.max(i, j)]! * scale[Math.min(i, j)]!
  })
  for (const linalg of linalgs) {
    const q = expected.slice()
    linalg.potrf({ uplo: 'L', n, a: q })
    linalg.potri({ uplo: 'L', n, a: q })
    const [given, own] = [new Float32Array(q), { a, scale, diagonal: 3 }].map((q) => {
      const admm = linalg.admm({ m, n, q, b, v, rho })
      admm.prune((m * n) >> 1)
      admm.step()
      const values = admm.values()
      admm.dispose()
      return bits(values)
    })
    expect(own).toBe(given)
    const wrong = { a, scale, diagonal: -1 }
    expect(() => linalg.admm({ m, n, q: wrong, b, v, rho })).toThrow(code('NUMERICAL'))
    expect(() => linalg.admm({ m, n, q: { ...wrong, scale: b }, b, v, rho } as never)).toThrow(code('INVALID_ARGUMENT'))
    for (const other of [expected, {}]) {
      expect(() => linalg.admm({ m, n, q: other, b, v, rho } as never)).toThrow(code('INVALID_ARGUMENT'))
    }
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

describe.each([
  [7, 5],
  [50, 130],
])('%s×%s', (m, n) => {
  const v = values(m * n, 7).map((x) => Math.round(16 * x) / 16)
  const flags = (length: number, seed: number): Uint8Array =>
    Uint8Array.from(values(length, seed), (x) => (x > -0.6 ? 1 : 0))

  test.each([
    [4, 1],
    [1, 4],
    [3, 2],
    [1, 1],
  ])('blocks of %s×%s go by their sums of squares', (height, width) => {
    const [down, across] = [Math.ceil(m / height), Math.ceil(n / width)]
    const [open, allowed] = [flags(down * across, 8), flags(m * n, 9)]
    const single = height * width === 1
    const unit = (i: number): number => Math.floor(Math.floor(i / n) / height) * across + Math.floor((i % n) / width)
    for (const given of [{}, { open }, ...(single ? [] : [{ allowed }, { open, allowed }])] as Given[]) {
      // exact in f32: sums of squares of sixteenths
      const scores = new Float32Array(down * across)
      v.forEach((x, i) => (scores[unit(i)]! += given.allowed?.[i] === 0 ? 0 : x * x))
      const kept = sorted(scores, given.open)
      const all = given.open ? open.reduce((sum, x) => sum + x, 0) : down * across
      for (const linalg of linalgs) {
        const admm = linalg.admm({ ...problem(m, n), v, block: [height, width], ...given })
        for (const count of [0, 1, all >> 1, all]) {
          admm.prune(count)
          const units = kept(count)
          const expected = Uint8Array.from(v, (_, i) => units[unit(i)]! * (given.allowed?.[i] ?? 1))
          expect(bits(admm.mask())).toBe(bits(expected))
        }
        admm.dispose()
      }
    }
  })

  test.each([
    [2, 4],
    [1, 3],
    [9, 32],
  ])('%s of %s consecutive values stay', (kept, size) => {
    const [open, first] = [flags(m * n, 10), Uint8Array.from(flags(n, 11), (x) => 1 - x)]
    for (const given of [{}, { open }] as Given[]) {
      for (const before of [undefined, first]) {
        const expected = given.open?.slice() ?? new Uint8Array(m * n).fill(1)
        for (let from = 0; from < m * n; from = nextGroup(from, size)) {
          const width = Math.min(size, n - (from % n))
          const group = Array.from({ length: width }, (_, j) => from + j).filter((i) => expected[i])
          const rank = (i: number): number => before?.[i % n] ?? 0
          group.sort((i, j) => rank(j) - rank(i) || abs(v[i]!) - abs(v[j]!) || i - j)
          for (const i of group.slice(0, Math.max(0, group.length - Math.ceil((width * kept) / size)))) expected[i] = 0
        }
        for (const linalg of linalgs) {
          const admm = linalg.admm({ ...problem(m, n), v, ...given })
          admm.pruneGroups(kept, size, before)
          expect(bits(admm.mask())).toBe(bits(expected))
          admm.dispose()
        }
      }
    }
  })

  /** The first value of the next group: groups do not go on in the next row. */
  const nextGroup = (from: number, size: number): number =>
    (from % n) + size < n ? from + size : from - (from % n) + n
})

/** The bits of everything after some iterations, of values, groups and blocks. */
function iterated(linalg: Linalg, options: AdmmOptions): string {
  const count = Math.floor(0.5 * options.m * options.n)
  const [single, blocks] = [linalg.admm(options), linalg.admm({ ...options, block: [4, 1] })]
  for (let t = 0; t < 6; t++) {
    if (t % 3 < 2) single.prune(count)
    else single.pruneGroups(2, 4)
    blocks.prune(count / 4)
    single.step()
    blocks.step()
  }
  const all = [single, blocks].map((admm) => bits(admm.values()) + bits(admm.mask())).join()
  single.dispose()
  blocks.dispose()
  return all
}

test('the same bits for any number of threads', async () => {
  const options = problem(100, 300)
  // ties that no thread can decide alone
  options.v.fill(0.25, 2000, 20_000)
  const one = await createLinalg()
  const expected = iterated(one, options)
  for (const threads of [2, 3]) {
    const several = await createLinalg({ threads })
    expect(several.threads.size).toBe(threads)
    expect(iterated(several, options)).toBe(expected)
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
  expect(() => linalg.admm({ ...right, block: [0, 1] })).toThrow(code('INVALID_ARGUMENT'))
  expect(() => linalg.admm({ ...right, allowed: new Uint8Array(12) })).toThrow(code('INVALID_ARGUMENT'))
  expect(() => linalg.admm({ ...right, block: [2, 2], open: new Uint8Array(12) })).toThrow(code('INVALID_ARGUMENT'))
  expect(() => admm.pruneGroups(2, 0)).toThrow(code('INVALID_ARGUMENT'))
  expect(() => admm.pruneGroups(2, 4, new Uint8Array(3))).toThrow(code('INVALID_ARGUMENT'))
  expect(() => admm.prune(-1)).toThrow(code('INVALID_ARGUMENT'))
  linalg.dispose()
})
