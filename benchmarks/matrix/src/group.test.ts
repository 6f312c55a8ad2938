import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkAgreement } from './agreement.js'
import { measureGroup } from './group.js'
import { circumstances, matrixResult, readResults, save } from './results.js'
import type { Task } from './task.js'

const task: Task = {
  ...{ model: 'sample', backend: 'tfjs-wasm', threads: 1, batch: 1, peers: [], warmup: 0, rounds: 2 },
  sparsities: [
    { share: 0, rows: 1 },
    { share: 0.9, rows: 4 },
  ],
}

test('a group is measured, saved and read again', async () => {
  const progress: string[] = []
  const measurement = await measureGroup(task, (text) => progress.push(text))
  expect(progress).toEqual(['compile tfjs-wasm dense', 'compile tfjs-wasm 90 % 4x1', 'round 1/2', 'round 2/2'])
  const [dense, sparse] = measurement.entries
  expect([dense!.times.length, sparse!.times.length]).toEqual([2, 2])
  expect(sparse!.firstRunMs).toBeGreaterThan(0)
  const dir = mkdtempSync(join(tmpdir(), 'taco-matrix-'))
  try {
    expect(() => readResults(join(dir, 'none'))).toThrow('run the benchmark first')
    save(dir, matrixResult(task, measurement, circumstances(true, 0.5)))
    const [read] = readResults(dir)
    expect(read).toMatchObject({ kind: 'matrix', model: 'sample', backend: 'tfjs-wasm', relaxedSimd: true, load: 0.5 })
    const entries = read!.kind === 'matrix' ? read!.entries : []
    expect(entries.map(({ sparsity }) => sparsity)).toEqual(task.sparsities)
    expect(entries[1]!.times[0]).toBeCloseTo(sparse!.times[0]!, 2)
    expect(entries[1]!.ratios['own dense']).toBeGreaterThan(0)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

test('logits that differ, are too few or are no numbers end it', () => {
  const check = (a: number[], b: number[]) => checkAgreement(Float32Array.from(a), Float32Array.from(b), 'net')
  expect(check([1, 2.0005], [1, 2])).toBeCloseTo(5e-4, 6)
  expect(() => check([1, 2.01], [1, 2])).toThrow(/^net: logits differ by 0.0099/)
  expect(() => check([1, NaN], [1, 2])).toThrow('NaN')
  expect(() => check([NaN, 1], [1, 2])).toThrow('NaN')
  expect(() => check([1], [1, 2])).toThrow('NaN')
})
