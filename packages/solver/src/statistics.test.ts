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
  const of = (threads: Linalg, step: number) => {
    const statistics = createStatistics(threads, {
      rows: tall,
      cols: wide,
      weights: new Float32Array(wide * tall),
      bias: true,
    })
    // The first batch decides what is subtracted before the products.
    for (let from = 0, to = 100; from < n; from = to, to = Math.min(n, to + step)) {
      statistics.add(x.slice(from * wide, to * wide), y.slice(from * tall, to * tall), to - from)
    }
    return statistics.finish()
  }
  const pair = await createLinalg({ threads: 2 })
  const once = of(linalg, n)
  for (const other of [of(pair, n), of(linalg, 7)]) {
    expect([worst(other.h, once.h), worst(other.b, once.b), other.yy - once.yy, other.count]).toEqual([0, 0, 0, n])
  }
  pair.dispose()
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
