import { hasRelaxedSimd } from '@tacojs/wasm'
import { createNumerics, type Numerics } from '../numerics.js'
import { random } from '../testing/problems.js'
import type { Elimination } from './kernels.js'

/** H = XᵀX/n + 0.05·I with correlated columns, its inverse, and weights; all groups from all columns. */
function problem(numerics: Numerics, n: number, rows: number, width: number): Omit<Elimination, 'bits'> {
  const next = random(n)
  const x = Float64Array.from({ length: 2 * n * n }, () => next() - 0.5)
  for (let i = 1; i < x.length; i++) x[i] += 0.6 * x[i - 1]
  const inverse = new Float64Array(n * n)
  numerics.syrk({ trans: true, n, k: 2 * n, a: x, alpha: 1 / n, c: inverse })
  for (let i = 0; i < n; i++) inverse[i * (n + 1)] += 0.05
  const diagonal = Float64Array.from({ length: n }, (_, i) => inverse[i * (n + 1)])
  numerics.potrf({ uplo: 'L', n, a: inverse })
  numerics.potri({ uplo: 'L', n, a: inverse })
  const weights = Float64Array.from({ length: 2 * rows * n }, () => next() - 0.5)
  const units = Math.ceil(n / width)
  const unit = Int32Array.from({ length: n }, (_, j) => Math.floor(j / width))
  return { groups: 2, rows, n, unit, units, diagonal, start: { inverse }, depth: units, weights }
}

const running = (losses: Float64Array) => {
  let sum = 0
  return losses.map((loss) => (sum += loss))
}

const builds = hasRelaxedSimd() ? (['base', 'relaxed'] as const) : (['base'] as const)

test.each(builds)('%s: f32 follows f64 for all numbers of columns', async (build) => {
  const numerics = await createNumerics({ build })
  for (let n = 1; n <= 140; n += n < 70 ? 1 : 7) {
    for (const [rows, width] of [
      [1, 1],
      [3, 1],
      [2, 3],
    ]) {
      const given = problem(numerics, n, rows, width)
      const [single, double] = ([32, 64] as const).map((bits) =>
        running(numerics.eliminate({ ...given, bits, weights: given.weights.slice() }).losses),
      )
      // At last all of w H wᵀ is lost; each group's losses are summed on behind those of the group before.
      double.forEach((sum, k) => expect(Math.abs(single[k] - sum)).toBeLessThanOrEqual(2e-4 * sum))
    }
  }
  numerics.dispose()
})

test('what is left of the weights is the best on the columns that are left', async () => {
  const numerics = await createNumerics()
  const n = 60
  const given = problem(numerics, n, 1, 1)
  const h = ('inverse' in given.start ? given.start.inverse : []).slice() as Float64Array
  numerics.potrf({ uplo: 'L', n, a: h })
  numerics.potri({ uplo: 'L', n, a: h })
  for (const [bits, tolerance] of [
    [64, 1e-10],
    [32, 1e-4],
  ] as const) {
    const weights = given.weights.slice()
    const { order } = numerics.eliminate({ ...given, bits, depth: 40, weights })
    for (let g = 0; g < 2; g++) {
      const gone = new Set(order.subarray(g * n, g * n + 40))
      expect(gone.size).toBe(40)
      for (let i = 0; i < n; i++) {
        if (gone.has(i)) expect(weights[g * n + i]).toBe(0)
        // the gradient H(ŵ − w) of a column that is left
        let gradient = 0
        for (let j = 0; j < n; j++) gradient += h[i * n + j] * (weights[g * n + j] - given.weights[g * n + j])
        if (!gone.has(i)) expect(Math.abs(gradient)).toBeLessThan(tolerance)
      }
    }
  }
  numerics.dispose()
})

test('memory may grow at any allocation: fresh kernels for each of many sizes', async () => {
  const n = 8
  const diagonal = new Float64Array(n).fill(1)
  const inverse = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0))
  const unit = Int32Array.from({ length: n }, (_, j) => j)
  // each group takes 160 bytes more; together they reach over more than a page of 65 536
  for (let groups = 300; groups < 720; groups += 3) {
    const numerics = await createNumerics()
    const weights = Float64Array.from({ length: groups * n }, (_, i) => 1 + (i % n))
    const given = {
      bits: 64,
      groups,
      rows: 1,
      n,
      unit,
      units: n,
      diagonal,
      start: { inverse },
      depth: 4,
      weights,
    } as const
    expect([...numerics.eliminate(given).order.subarray((groups - 1) * n)]).toEqual([0, 1, 2, 3, -1, -1, -1, -1])
    numerics.dispose()
  }
})

test('memory that cannot be had is OUT_OF_MEMORY, and smaller work goes on', async () => {
  const free = await createNumerics()
  const [big, small] = [300, 20].map((n) => problem(free, n, 1, 1))
  free.dispose()
  const numerics = await createNumerics({ memoryLimit: 1 << 20 })
  expect(() => numerics.eliminate({ ...big, bits: 64 })).toThrow(expect.objectContaining({ code: 'OUT_OF_MEMORY' }))
  expect(numerics.eliminate({ ...small, bits: 64 }).order.indexOf(-1)).toBe(-1)
  numerics.dispose()
})
