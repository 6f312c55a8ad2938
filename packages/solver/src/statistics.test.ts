import { createLinalg, type Linalg } from '@tacojs/linalg'
import { createInputStatistics, createStatistics } from './statistics.js'
import { exactProblem, multiply, random, transpose, worst } from './testing/problems.js'

let linalg: Linalg
beforeAll(async () => {
  linalg = await createLinalg()
})

const [rows, cols, positions] = [5, 9, 1300]

/** Inputs and outputs about `mean`, so that f32 products of the raw values would lose digits. */
function samples(mean: number) {
  const next = random(7)
  const x = Float32Array.from({ length: positions * cols }, (_, i) => (i % cols === 3 ? mean : mean + next() - 0.5))
  const weights = Float64Array.from({ length: rows * cols }, () => next() - 0.5)
  const y = Float32Array.from(multiply(Float64Array.from(x), transpose(weights, cols), cols), (v) => v + next())
  return { x, y, weights }
}

test.each([
  { bias: true, mean: 0 },
  { bias: true, mean: 1000 },
  { bias: false, mean: 0 },
])('many batches give the statistics of all at once, $bias $mean', ({ bias, mean }) => {
  const { x, y, weights } = samples(mean)
  const statistics = createStatistics(linalg, { rows, cols, weights, bias })
  for (let from = 0, step = 1; from < positions; from += step, step = (step * 3 + 1) % 700) {
    const n = Math.min(step, positions - from)
    statistics.add(x.slice(from * cols, (from + n) * cols), y.slice(from * rows, (from + n) * rows), n)
  }
  const actual = statistics.finish()
  const expected = exactProblem(weights, Float64Array.from(x), Float64Array.from(y), cols, bias)
  expect(worst(actual.h, expected.h)).toBeLessThan(2e-6 * Math.max(...expected.h))
  expect(worst(actual.b, expected.b)).toBeLessThan(2e-6 * Math.sqrt(Math.max(...expected.h) * expected.yy))
  expect(Math.abs(actual.yy - expected.yy)).toBeLessThan(2e-6 * expected.yy)
  expect(worst(actual.xMean, expected.xMean)).toBeLessThan(1e-6 * (1 + mean))
  expect(worst(actual.yMean, expected.yMean)).toBeLessThan(1e-6 * (1 + mean))
  expect([actual.count, actual.positions, actual.hasBias]).toEqual([positions, positions, bias])
  expect(worst(actual.h, transpose(actual.h, cols))).toBe(0)
  // A constant input has no variance at all, in whichever batch it comes.
  if (bias) expect(actual.h[3 * cols + 3]).toBe(0)
})

test('a position of weight 3 counts as three positions', () => {
  const { x, y, weights } = samples(0)
  const [once, thrice] = [0, 1].map(() => createStatistics(linalg, { rows, cols, weights, bias: true }))
  const part = (n: number) => [x.slice(0, n * cols), y.slice(0, n * rows), n] as const
  once.add(
    ...part(40),
    Float32Array.from({ length: 40 }, (_, p) => (p < 10 ? 3 : 1)),
  )
  thrice.add(...part(40))
  thrice.add(...part(10))
  thrice.add(...part(10))
  const [a, b] = [once.finish(), thrice.finish()]
  expect([a.count, a.positions]).toEqual([60, 40])
  expect(worst(a.h, b.h)).toBeLessThan(1e-5)
  expect(worst(a.b, b.b)).toBeLessThan(1e-5)
  expect(worst(a.yMean, b.yMean)).toBeLessThan(1e-6)
})

test('the same bits for any number of threads and however the positions come in batches', async () => {
  const [wide, tall, n] = [96, 40, 2500]
  const next = random(9)
  const x = Float32Array.from({ length: n * wide }, next)
  const y = Float32Array.from({ length: n * tall }, next)
  const weights = Float32Array.from({ length: n }, (_, p) => (p < 3 || p % 5 === 4 ? 0 : 0.5 + next()))
  // The first batch decides what is subtracted before the products: at least as many positions as it is the mean of.
  const of = (threads: Linalg, sizes: readonly number[], own?: Float32Array) => {
    const statistics = createStatistics(threads, {
      rows: tall,
      cols: wide,
      weights: new Float32Array(wide * tall),
      bias: true,
    })
    for (let from = 0, to = 0, batch = 0; from < n; from = to, batch++) {
      to = Math.min(n, from + sizes[Math.min(batch, sizes.length - 1)])
      statistics.add(
        ...([x.slice(from * wide, to * wide), y.slice(from * tall, to * tall), to - from] as const),
        own?.slice(from, to),
      )
    }
    return statistics.finish()
  }
  const pair = await createLinalg({ threads: 2 })
  expect(pair.threads.size).toBe(2)
  for (const own of [undefined, weights]) {
    const once = of(linalg, [n], own)
    const others = [
      of(pair, [n], own),
      ...[[400, 7], [400, 1, 300, 64], [513], [2048, 452], [2499, 1]].map((sizes) => of(linalg, sizes, own)),
      of(pair, [400, 97], own),
    ]
    for (const other of others) {
      expect([worst(other.h, once.h), worst(other.b, once.b), other.yy - once.yy, other.count]).toEqual([
        ...[0, 0, 0],
        once.count,
      ])
      expect([other.positions, worst(other.xMean, once.xMean), worst(other.yMean, once.yMean)]).toEqual([n, 0, 0])
    }
  }
  pair.dispose()
})

test('positions that count nothing say nothing of the others: blank ones first, then inputs about 1000', () => {
  const next = random(3)
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  const [blank, n] = [300, 4000]
  const x = Float32Array.from({ length: (blank + n) * cols }, (_, i) => (i < blank * cols ? 0 : 1000 + normal()))
  const y = Float32Array.from({ length: (blank + n) * rows }, (_, i) => (i < blank * rows ? 0 : 500 + normal()))
  const weights = new Float64Array(rows * cols)
  const own = Float32Array.from({ length: blank + n }, (_, p) => (p < blank ? 0 : 1 + (p % 2)))
  const counted = (values: Float32Array, width: number) =>
    Float64Array.from(
      Array.from(own, (w, p) => Array<number[]>(w).fill([...values.subarray(p * width, (p + 1) * width)])).flat(2),
    )
  const expected = exactProblem(weights, counted(x, cols), counted(y, rows), cols, true)
  // all at once, blank ones apart, and a weight that hardly counts on the first of them
  const slight = own.with(0, 1e-9)
  for (const [at, given] of [
    [blank + n, own],
    [blank, own],
    [blank + n, slight],
  ] as const) {
    const statistics = createStatistics(linalg, { rows, cols, weights, bias: true })
    for (const [from, to] of [
      [0, at],
      [at, blank + n],
    ]) {
      const part = [x.slice(from * cols, to * cols), y.slice(from * rows, to * rows), to - from] as const
      statistics.add(...part, given.slice(from, to))
    }
    const { h, b, yy, count, positions } = statistics.finish()
    const limit = given === own ? 3e-6 : 1e-3
    expect(worst(h, expected.h)).toBeLessThan(limit * Math.max(...expected.h))
    expect(worst(b, expected.b)).toBeLessThan(limit * Math.sqrt(Math.max(...expected.h) * expected.yy))
    expect(Math.abs(yy - expected.yy)).toBeLessThan(limit * expected.yy)
    expect([positions, Math.round(count)]).toEqual([blank + n, (3 * n) / 2])
  }
})

test('NaN is named, wrong lengths and nothing at all are refused', () => {
  const { x, y, weights } = samples(0)
  const create = () => createStatistics(linalg, { rows, cols, weights, bias: true })
  expect(() => create().finish()).toThrow(expect.objectContaining({ code: 'NUMERICAL' }))
  expect(() => create().add(x, y, 3)).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }))
  const statistics = create()
  x[4] = NaN
  statistics.add(x, y, positions)
  expect(() => statistics.finish()).toThrow(
    expect.objectContaining({ code: 'NUMERICAL', message: expect.stringContaining('h[') }),
  )
})

test('what is wrong with weights is said: how many there are, and which is no weight', () => {
  const { x, y, weights } = samples(0)
  const said = (code: string, message: RegExp) =>
    expect.objectContaining({ code, message: expect.stringMatching(message) })
  const short = () => createStatistics(linalg, { rows, cols, weights: weights.slice(1), bias: true })
  expect(short).toThrow(said('SHAPE_MISMATCH', RegExp(`a layer of ${rows}×${cols} has ${rows * cols - 1} weights`)))
  const layer = { rows, weights, bias: new Float32Array(rows + 1) }
  expect(() => createInputStatistics(linalg, { cols, bias: true, layers: [layer] })).toThrow(
    said('SHAPE_MISMATCH', RegExp(`and a bias of ${rows + 1}`)),
  )
  const statistics = createStatistics(linalg, { rows, cols, weights, bias: true })
  const add = (own: Float32Array) => () => statistics.add(x, y, positions, own)
  expect(add(new Float32Array(3))).toThrow(said('SHAPE_MISMATCH', RegExp(`${positions} position weights .* got 3`)))
  for (const wrong of [NaN, -1, Infinity]) {
    const own = new Float32Array(positions).fill(1).fill(wrong, 2, 3)
    expect(add(own)).toThrow(said('INVALID_ARGUMENT', RegExp(`position weight 2 is ${wrong};`)))
  }
  statistics.dispose()
  const inputs = createInputStatistics(linalg, { cols, bias: true, layers: [{ rows, weights }] })
  inputs.add(x, undefined, positions)
  expect(() => inputs.add(x, x, positions)).toThrow(said('INVALID_ARGUMENT', /in all calls of add, or in none/))
  inputs.dispose()
})

test.each([
  ['rows of 0', { rows: 0 }, 'rows is 0'],
  ['half a row', { rows: 1.5 }, 'rows is 1.5'],
  ['no cols', { cols: undefined as unknown as number }, 'cols is undefined'],
  ['cols below 0', { cols: -2 }, 'cols is -2'],
])('%s: refused', (_, part, message) => {
  const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) })
  const sizes = { rows: 2, cols: 3, ...part }
  const weights = new Float32Array(Math.max(0, Math.floor(sizes.rows * sizes.cols) || 0))
  expect(() => createStatistics(linalg, { ...sizes, weights, bias: true })).toThrow(refused)
  const layers = [{ rows: sizes.rows, weights }]
  expect(() => createInputStatistics(linalg, { cols: sizes.cols, bias: true, layers })).toThrow(refused)
})

test('nothing is added after the end', () => {
  const { x, y, weights } = samples(0)
  const gone = expect.objectContaining({ code: 'DISPOSED', message: expect.stringContaining('layer statistics') })
  for (const filled of [true, false]) {
    for (const end of ['finish', 'dispose'] as const) {
      if (!filled && end === 'finish') continue
      const outputs = createStatistics(linalg, { rows, cols, weights, bias: true })
      const inputs = createInputStatistics(linalg, { cols, bias: true, layers: [{ rows, weights }] })
      if (filled) outputs.add(x, y, positions)
      if (filled) inputs.add(x, undefined, positions)
      for (const statistics of [outputs, inputs]) statistics[end]()
      expect(() => outputs.add(x, y, positions)).toThrow(gone)
      expect(() => inputs.add(x, undefined, positions)).toThrow(gone)
      for (const statistics of [outputs, inputs]) expect(() => statistics.finish()).toThrow(gone)
      for (const statistics of [outputs, inputs]) statistics.dispose()
    }
  }
})

test('a call that is refused decides nothing', () => {
  const { x, weights } = samples(0)
  const statistics = createInputStatistics(linalg, { cols, bias: true, layers: [{ rows, weights }] })
  expect(() => statistics.add(x, x.slice(1), positions)).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }))
  statistics.add(x, undefined, positions)
  expect(() => statistics.add(x, x, positions)).toThrow(/in all calls of add, or in none/)
  expect(statistics.finish()[0].positions).toBe(positions)
})

test('sums that are not finished can be disposed of', async () => {
  const { x, y, weights } = samples(0)
  const little = await createLinalg({ memoryLimit: 1 << 20 })
  for (let i = 0; i < 20; i++) {
    const layer = createStatistics(little, { rows, cols, weights, bias: true })
    layer.add(x, y, positions)
    layer.dispose()
    expect(() => layer.finish()).toThrow(expect.objectContaining({ code: 'DISPOSED' }))
    const inputs = createInputStatistics(little, { cols, bias: true, layers: [{ rows, weights }] })
    inputs.add(x, undefined, positions)
    inputs.dispose()
  }
})

describe.each([
  { of: 'other inputs', bias: true },
  { of: 'other inputs', bias: false },
  { of: 'their own inputs', bias: true },
  { of: 'their own inputs', bias: false },
])('layers that should give what dense weights make of $of, bias: $bias', ({ of, bias }) => {
  test('have the statistics of these outputs', () => {
    const { x } = samples(3)
    const next = random(11)
    const dense = of === 'other inputs' ? x.map((v) => v + 0.3 * next()) : undefined
    const layers = [4, 11].map((rows) => ({
      rows,
      weights: Float32Array.from({ length: rows * cols }, () => next() - 0.5),
      ...(bias ? { bias: Float32Array.from({ length: rows }, next) } : {}),
    }))
    const positionWeights = Float32Array.from({ length: positions }, (_, p) => 1 + (p % 3))
    const statistics = createInputStatistics(linalg, { cols, bias, layers })
    for (let from = 0; from < positions; from += 500) {
      const to = Math.min(positions, from + 500)
      const part = (values: Float32Array): Float32Array => values.slice(from * cols, to * cols)
      statistics.add(part(x), dense && part(dense), to - from, positionWeights.slice(from, to))
    }
    // the oracle takes each position as often as it weighs
    const often = (values: Float32Array): Float64Array =>
      Float64Array.from(
        Array.from(positionWeights, (w, p) => Array<Float32Array>(w).fill(values.subarray(p * cols, (p + 1) * cols)))
          .flat()
          .flatMap((row) => [...row]),
      )
    for (const [i, actual] of statistics.finish().entries()) {
      const { rows: height, weights, bias: constant } = layers[i]
      const outputs = multiply(often(dense ?? x), transpose(Float64Array.from(weights), cols), cols)
      const y = outputs.map((v, k) => v + (constant ? constant[k % height] : 0))
      const expected = exactProblem(Float64Array.from(weights), often(x), y, cols, bias)
      expect([actual.rows, actual.cols, actual.hasBias]).toEqual([height, cols, bias])
      expect(worst(actual.h, expected.h)).toBeLessThan(2e-6 * Math.max(...expected.h))
      expect(worst(actual.b, expected.b)).toBeLessThan(2e-6 * Math.sqrt(Math.max(...expected.h) * expected.yy))
      expect(Math.abs(actual.yy - expected.yy)).toBeLessThan(2e-6 * expected.yy)
      expect(worst(actual.yMean, expected.yMean)).toBeLessThan(1e-5)
      expect(actual.weights).toEqual(Float64Array.from(weights))
    }
  })
})
