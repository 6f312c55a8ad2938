import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeSampleTask, type SampleTask } from '@tacojs/samples'
import { runTaco } from './testing/run-taco.js'

let work: string
let sample: SampleTask
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'taco-table-'))
  sample = await writeSampleTask(join(work, 'task'), { trainPerClass: 2, testPerClass: 1 })
})
afterAll(() => rm(work, { recursive: true, force: true }))

const specialize = (...more: string[]) => {
  const task = ['--model', sample.model, '--data', sample.train, '--labels', sample.labels, '--shots', '2']
  const quick = [
    '--keep',
    'layer3.*',
    '--method',
    'magnitude',
    '--no-refit',
    '--positions',
    '0.1',
    '--augment',
    'none',
    '--quiet',
  ]
  return runTaco('specialize', ...task, ...quick, ...more)
}
const rowsOf = (stdout: string): string[] => {
  const lines = stdout.split('\n')
  const header = lines.findIndex((line) => line.startsWith('layer '))
  return header < 0 ? [] : lines.slice(header + 2, lines.indexOf('', header))
}

test('the zeros of each layer are shown where they are not alike', async () => {
  const rising = (await specialize('--sparsity', '0.5')).stdout
  expect(rowsOf(rising)).toEqual([])
  expect(rising).toMatch(/, 50\.0 % zeros in 9 layers, from 38\.9 % in the first to 54\.9 % in the last \(/)
  const alike = (await specialize('--sparsity', '0.5', '--allocation', 'uniform')).stdout
  expect(rowsOf(alike)).toEqual([])
  expect(alike).toContain(', 50.0 % zeros in 9 layers (')
  const named = ['--allocation', 'uniform', '--layer', 'layer1.*=0.25']
  const { status, stdout } = await specialize('--sparsity', '0.5', ...named)
  expect(status).toBe(0)
  const rows = rowsOf(stdout)
  expect(rows.length).toBeGreaterThan(2)
  for (const row of rows) {
    expect(row).toMatch(/^layer[12]\.\S+ +\d+×\d+ +\d+\.\d % +[\d.]+( k)? +\d+\.\d %$/)
    expect(row).toContain(row.startsWith('layer1.') ? ' 25.0 %' : ' 50.0 %')
  }
})

test('a speed: what was asked for, predicted and measured; one that cannot be had is out of reach', async () => {
  const { status, stdout, stderr } = await specialize('--max-ms', '100000')
  expect([status, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^one image in 100000\.0 ms: predicted \d+\.\d, measured \d+\.\d ms$/m)
  const missed = await specialize('--max-ms', '0.0001')
  expect(missed).toMatchObject({ status: 1, stdout: '' })
  expect(missed.stderr).toMatch(/^taco: 0\.0001 ms cannot be had: with 99 % zeros one image still takes \d/)
})
