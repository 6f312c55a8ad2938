import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGraph, node } from '@tacojs/graph'
import { exportOnnx } from '@tacojs/model-io'
import { runTaco } from './testing/run-taco.js'

let work: string
let model: string
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'taco-main-'))
  model = join(work, 'pool.onnx')
  const graph = createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 3, 8, 8] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 3] }],
    nodes: [node('GlobalAveragePool', ['x'], ['p']), node('Flatten', ['p'], ['y'])],
  })
  await writeFile(model, exportOnnx(graph))
})
afterAll(() => rm(work, { recursive: true, force: true }))

test('a mistake of our own has its trace, and a status of its own', async () => {
  const broken = import.meta.jest.spyOn(JSON, 'stringify').mockImplementation(() => {
    throw new RangeError('never thought of')
  })
  const { status, stdout, stderr } = await runTaco('inspect', model, '--json')
  broken.mockRestore()
  expect([status, stdout]).toEqual([70, ''])
  expect(stderr).toMatch(/^taco: this is a mistake in taco itself: RangeError: never thought of\n +at /)
})

test('wrong use of a command points to its help', async () => {
  for (const args of [
    ['bench', model, '--fast'],
    ['bench', model, 'another'],
    ['bench', '--runs', 'x'],
    ['bench', '--model'],
  ]) {
    const { status, stdout, stderr } = await runTaco(...args)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^error: .*\n\(taco bench --help lists the options\)\n$/s)
  }
  expect((await runTaco('nonsense')).stderr).toContain('(taco --help shows the commands')
})

test('help is that of the command, which has to be one', async () => {
  const { stdout } = await runTaco('bench', '--help')
  expect(await runTaco('help', 'bench')).toEqual({ status: 0, stdout, stderr: '' })
  expect((await runTaco('help')).stdout).toBe((await runTaco('--help')).stdout)
  const { status, stderr, stdout: none } = await runTaco('help', 'foo')
  expect([status, none, stderr]).toEqual([2, '', expect.stringMatching(/^error: unknown command 'foo'\n/)])
})
