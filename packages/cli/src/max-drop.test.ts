import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeSampleTask, type SampleTask } from '@tacojs/samples'
import { runTaco } from './testing/run-taco.js'

let work: string
let sample: SampleTask
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'taco-max-drop-'))
  sample = await writeSampleTask(join(work, 'task'), { trainPerClass: 2, testPerClass: 10 })
})
afterAll(() => rm(work, { recursive: true, force: true }))

const specialize = (...more: string[]) => {
  const task = ['--model', sample.model, '--data', sample.train, '--labels', sample.labels, '--dev', sample.test]
  const quick = [
    '--shots',
    '2',
    '--keep',
    'layer3.*',
    '--method',
    'fastobc',
    '--positions',
    '0.25',
    '--augment',
    'none',
    '--quiet',
  ]
  return runTaco('specialize', ...task, ...quick, ...more)
}

test('an accuracy that can be kept ends with 0, and shows what was tried', async () => {
  const { status, stdout } = await specialize('--max-drop', '8')
  expect(status).toBe(0)
  const lines = stdout.split('\n')
  const header = lines.findIndex((line) => line.startsWith('sparsity'))
  expect(lines[header]).toMatch(/top-1 on dev +correct +drop$/)
  const rows = lines.slice(header + 2, header + 7)
  expect(rows[0]).toMatch(/^dense .* 0\.0 points$/)
  expect(rows.filter((row) => / %, chosen /.test(row))).toHaveLength(1)
  for (const row of rows) expect(row).toMatch(/^(dense|\d+\.\d %).* \d+\.\d % +\d+\/60 +-?\d+\.\d points$/)
})

test('one that cannot ends with 1, and the bundle and its report say so', async () => {
  const out = join(work, 'missed')
  const { status, stdout, stderr } = await specialize('--max-drop', '0', '--layer', 'layer2.*=0.995', '--out', out)
  expect(status).toBe(1)
  expect(stdout).toMatch(/^20\.0 %, chosen, but it loses more than 0 points/m)
  expect(stderr).toMatch(/^warning: no sparsity keeps the drop within 0 points/m)
  const { search } = JSON.parse(await readFile(join(out, 'report.json'), 'utf8')) as { search: object }
  expect(search).toMatchObject({ reached: false, sparsity: 0.2, images: 60 })
})

test('a wrong use of it is said in one line', async () => {
  for (const [flags, message] of [
    [['--max-drop', '1', '--sparsity', '0.5'], '--sparsity: not beside --max-drop'],
    [['--max-drop', '1', '--pattern', '2:4'], '--max-drop: the pattern 2:4 decides'],
    [['--max-drop', '200'], '--max-drop: expected a number from 0 to 100, got 200'],
    [[], '--dev: is for maxDrop only'],
  ] as const) {
    const { status, stdout, stderr } = await specialize(...flags)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain(message)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  }
})
