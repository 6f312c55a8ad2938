import { createLinalg, type Linalg, type ScatterOptions, type ScatterSums } from './index.js'
import { random, subjects, type Subject } from './testing/cases.js'

const { abs, max, sqrt } = Math
const code = (value: string) => expect.objectContaining({ code: value })

let f32: Subject[]
beforeAll(async () => {
  f32 = (await subjects()).filter(({ eps }) => eps === 2 ** -23)
})

const values = (length: number, seed: number): Float32Array => Float32Array.from(random(length, seed))

/** Σ w(a − s)(b − t)ᵀ in f64, and what the sum of the absolute products is: what rounding is relative to. */
function plain(
  [a, s, rows]: readonly [Float32Array, Float32Array, number],
  [b, t, cols]: readonly [Float32Array, Float32Array, number],
  w: Float32Array,
): { sum: Float64Array; size: Float64Array } {
  const [sum, size] = [new Float64Array(rows * cols), new Float64Array(rows * cols)]
  for (let p = 0; p < w.length; p++) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) {
        const product = w[p]! * (a[p * rows + i]! - s[i]!) * (b[p * cols + j]! - t[j]!)
        sum[i * cols + j]! += product
        size[i * cols + j]! += abs(product)
      }
    }
  }
  return { sum, size }
}

/** The largest |a − b|/size. */
const relative = (a: Float64Array, { sum, size }: { sum: Float64Array; size: Float64Array }): number =>
  a.reduce((most, v, i) => max(most, v === sum[i] ? 0 : abs(v - sum[i]!) / size[i]!), 0)

const everything = ({ xx, yx, yy, x, y, ySquares }: ScatterSums): string =>
  Buffer.concat([xx, yx, yy ?? xx, x, y, ySquares].map(({ buffer }) => Buffer.from(buffer))).toString('base64')

interface Case {
  readonly sizes: readonly [number, number]
  readonly k: number
  readonly weights: boolean
  readonly yy: boolean
}

/** Positions in batches; some batches have weights, the others weigh 1. */
function sumsOf(linalg: Linalg, { sizes: [nx, ny], k, weights, yy }: Case, step: number) {
  const [x, y] = [values(k * nx, 1), values(k * ny, 2)]
  const [xShift, yShift] = [values(nx, 3), values(ny, 4)]
  const w = values(k, 5).map((v, p) => (weights && p % 3000 >= 1000 ? abs(v) : 1))
  const scatter = linalg.scatter({ sizes: [nx, ny], xShift, yShift, yy })
  for (let from = 0; from < k; from += step) {
    const to = Math.min(k, from + step)
    const some = w.subarray(from, to)
    scatter.add({
      ...{ k: to - from, x: x.subarray(from * nx, to * nx), y: y.subarray(from * ny, to * ny) },
      ...(some.every((v) => v === 1) ? {} : { weights: some }),
    })
  }
  return { sums: scatter.finish(), x: [x, xShift, nx], y: [y, yShift, ny], w } as const
}

test.each<Case>([
  { sizes: [1, 0], k: 1, weights: false, yy: false },
  { sizes: [9, 4], k: 700, weights: true, yy: false },
  { sizes: [67, 70], k: 300, weights: false, yy: true },
  { sizes: [30, 21], k: 5000, weights: true, yy: true },
  { sizes: [16, 0], k: 2500, weights: true, yy: true },
])('the sums of plain loops: $sizes, $k positions, weights $weights, yy $yy', (it) => {
  for (const { linalg } of f32) {
    const { sums, x, y, w } = sumsOf(linalg, it, 333)
    // √256 roundings of half a bit: 256 products are summed in f32, however many there are
    const bound = 16 * 2 ** -24
    expect(relative(sums.xx, plain(x, x, w))).toBeLessThan(bound)
    expect(relative(sums.yx, plain(y, x, w))).toBeLessThan(bound)
    if (it.yy) expect(relative(sums.yy!, plain(y, y, w))).toBeLessThan(bound)
    else expect(sums.yy).toBeUndefined()
    const ones = [new Float32Array(it.k).fill(1), new Float32Array(1), 1] as const
    const roundings = 3 * 2 ** -24
    expect(relative(sums.x, plain(x, ones, w))).toBeLessThan(roundings)
    expect(relative(sums.y, plain(y, ones, w))).toBeLessThan(roundings)
    const { sum } = plain(y, y, w)
    const squares = { sum: sum.filter((_, i) => i % (it.sizes[1] + 1) === 0), size: sums.ySquares }
    // they are part of Σyyᵀ where that is formed
    expect(relative(sums.ySquares, squares)).toBeLessThan(it.yy ? bound : roundings)
    const [n] = it.sizes
    expect(sums.xx.every((v, i) => v === sums.xx[(i % n) * n + Math.floor(i / n)])).toBe(true)
  }
})

test('the same bits for any number of threads, and however the positions come in batches', async () => {
  const it: Case = { sizes: [150, 90], k: 4700, weights: true, yy: true }
  const one = await createLinalg()
  const expected = everything(sumsOf(one, it, it.k).sums)
  expect(everything(sumsOf(one, it, 61).sums)).toBe(expected)
  for (const threads of [2, 3]) {
    const several = await createLinalg({ threads })
    expect(several.threads.size).toBe(threads)
    expect(everything(sumsOf(several, it, it.k).sums)).toBe(expected)
    several.dispose()
  }
  one.dispose()
})

test('a value that does not vary leaves exactly 0', async () => {
  const linalg = await createLinalg()
  const scatter = linalg.scatter({ sizes: [2, 0], xShift: Float32Array.of(1000.25, 0) })
  const weights = values(5000, 6).map(abs)
  const x = values(10_000, 7).map((v, i) => (i % 2 ? v : 1000.25))
  scatter.add({ k: 5000, x, y: new Float32Array(0), weights })
  const { xx, x: sum } = scatter.finish()
  expect([...xx.subarray(0, 3), sum[0]]).toEqual([0, 0, 0, 0])
  expect(sqrt(xx[3]!)).toBeGreaterThan(1)
})

test('several sums at a time keep out of the way of each other and of other calls', async () => {
  const linalg = await createLinalg()
  const it: Case = { sizes: [20, 7], k: 300, weights: true, yy: false }
  const alone = everything(sumsOf(linalg, it, 300).sums)
  const other = linalg.scatter({ sizes: [3, 1] })
  const n = 40
  const a = values(n * n, 8)
  linalg.syrk({ trans: true, n, k: n, a, c: new Float32Array(n * n) })
  expect(everything(sumsOf(linalg, it, 300).sums)).toBe(alone)
  other.add({ k: 2, x: Float32Array.of(1, 2, 3, 4, 5, 6), y: Float32Array.of(1, -1) })
  linalg.syrk({ trans: true, n, k: n, a, c: new Float32Array(n * n) })
  expect([...other.finish().yx]).toEqual([-3, -3, -3])
})

test('memory is freed, whether the sums are finished or not, and where there is too little', async () => {
  const linalg = await createLinalg({ memoryLimit: 4 << 20 })
  for (let i = 0; i < 20; i++) {
    const scatter = linalg.scatter({ sizes: [100, 100] })
    if (i % 2) scatter.finish()
    scatter.dispose()
    expect(() => scatter.finish()).toThrow(code('DISPOSED'))
    expect(() => linalg.scatter({ sizes: [2000, 2000] })).toThrow(code('OUT_OF_MEMORY'))
  }
  const left = linalg.scatter({ sizes: [1, 1] })
  linalg.dispose()
  expect(() => left.add({ k: 0, x: new Float32Array(0), y: new Float32Array(0) })).toThrow(code('DISPOSED'))
  left.dispose()
})

test('wrong sizes are INVALID_ARGUMENT', async () => {
  const linalg = await createLinalg()
  const create = (options: ScatterOptions) => () => linalg.scatter(options)
  expect(create({ sizes: [1.5, 0] })).toThrow(code('INVALID_ARGUMENT'))
  expect(create({ sizes: [2, 1], xShift: new Float32Array(1) })).toThrow(code('INVALID_ARGUMENT'))
  const scatter = linalg.scatter({ sizes: [2, 1] })
  const [x, y] = [new Float32Array(6), new Float32Array(3)]
  expect(() => scatter.add({ k: 2, x, y })).toThrow(code('INVALID_ARGUMENT'))
  expect(() => scatter.add({ k: 3, x, y, weights: y.subarray(1) })).toThrow(code('INVALID_ARGUMENT'))
  scatter.dispose()
})
