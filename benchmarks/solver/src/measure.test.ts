import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNumerics, createStatistics, type LayerProblem, type Numerics } from '@tacojs/solver'
import { createRandom, randomTensor } from '../../matrix/src/random.js'
import { contenderNames, contenders } from './contenders.js'
import { estimateSeconds } from './estimate.js'
import { demandsOf, isSolved, measure, type Solved } from './measure.js'
import { sharedFolder } from './places.js'
import { circumstances, readResults, save, type LayerResult } from './results.js'

const byName = (name: string) => contenders.find((contender) => contender.name === name)!

function problemOf(numerics: Numerics, seed: number): LayerProblem {
  const [rows, cols, n] = [8, 24, 200]
  const weights = randomTensor(createRandom(1), [rows, cols]).data
  const x = randomTensor(createRandom(seed), [n, cols]).data
  const y = new Float32Array(n * rows)
  numerics.gemm({ transB: true, m: n, n: rows, k: cols, a: x, b: weights, c: y })
  const statistics = createStatistics(numerics, { rows, cols, weights, bias: true })
  statistics.add(x, y, n)
  return statistics.finish()
}

test('what is asked: sparsities where the pattern leaves a choice', () => {
  expect(demandsOf(['unstructured', '2:4', '4x1'], [0.5, 0.9])).toEqual([
    { pattern: 'unstructured', sparsity: 0.5 },
    { pattern: 'unstructured', sparsity: 0.9 },
    { pattern: '2:4' },
    { pattern: '4x1', sparsity: 0.5 },
    { pattern: '4x1', sparsity: 0.9 },
  ])
})

test('every contender is measured on every pattern, saved and read again', async () => {
  const numerics = await createNumerics()
  try {
    const layer = { problem: problemOf(numerics, 5), dev: problemOf(numerics, 6) }
    const entries = demandsOf(['unstructured', '4x1', '2:4'], [0.75]).flatMap((demand) =>
      contenders.flatMap((contender) => measure(numerics, layer, demand, contender, 10) ?? []),
    )
    const solved = entries.filter(isSolved)
    // blocks have no exchanges
    expect(solved).toHaveLength(3 * contenderNames.length - 1)
    const { rows, cols } = layer.problem
    for (const { pattern, nonzeros, error, devError } of solved) {
      expect(nonzeros).toBe(pattern === '2:4' ? (rows * cols) / 2 : (rows * cols) / 4)
      expect(error).toBeGreaterThan(0)
      expect(devError).toBeGreaterThan(0)
    }
    const of = (method: string): Solved => solved.find((e) => e.method === method && e.pattern === 'unstructured')!
    expect(of('magnitude+refit').error).toBeLessThan(of('magnitude').error)

    const dir = mkdtempSync(join(tmpdir(), 'taco-solver-lab-'))
    try {
      expect(() => readResults(join(dir, 'none'))).toThrow('run the benchmark first')
      const seen = { images: 4, positions: 200 }
      const result: LayerResult = {
        ...{ model: 'net', task: 'images', layer: 'conv', rows, cols, ...circumstances(1, 0.5) },
        ...{ calibration: seen, dev: seen, entries },
      }
      save(dir, result)
      const [read] = readResults(dir)
      expect(read).toMatchObject({ layer: 'conv', load: 0.5, threads: 1 })
      expect(read!.entries).toHaveLength(entries.length)
      expect((read!.entries[0] as Solved).error).toBeCloseTo(solved[0]!.error, 5)
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
    const dear = measure(numerics, layer, { pattern: '2:4' }, byName('admm'), 1e-9)
    expect(dear).toMatchObject({ method: 'admm', pattern: '2:4', estimatedSeconds: expect.any(Number) })
    expect(isSolved(dear!)).toBe(false)
  } finally {
    numerics.dispose()
  }
})

test('estimates: what grows with what', () => {
  const of = (name: string, cols: number, zeros: number): number =>
    estimateSeconds(byName(name), { rows: 512, cols }, { kind: 'unstructured' }, zeros)
  for (const name of contenderNames) expect(of(name, 4608, 0.5)).toBeGreaterThan(8 * of(name, 1152, 0.5))
  expect(of('cascade', 2304, 0.9)).toBeLessThan(of('exactobs', 2304, 0.9))
  expect(of('auto', 2304, 0.9)).toBe(of('admm', 2304, 0.9))
  expect(of('auto', 768, 0.9)).toBeGreaterThan(of('admm', 768, 0.9))
  expect(of('cascade', 768, 0.5)).toBe(of('exactobs', 768, 0.5))
  expect(of('exactobs+swaps', 768, 0.9)).toBeGreaterThan(of('exactobs', 768, 0.9))
})

test('where the models and images are missing, one line says so', () => {
  expect(() => sharedFolder('/nowhere/shared/data')).toThrow("there is no '/nowhere/shared/data': the lab needs")
})
