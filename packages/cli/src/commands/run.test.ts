import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGraph, float32, node } from '@tacojs/graph'
import { exportOnnx, writeSafetensors } from '@tacojs/model-io'
import { runTaco } from '../testing/run-taco.js'

let work: string
beforeEach(async () => void (work = await mkdtemp(join(tmpdir(), 'taco-cli-run-'))))
afterEach(() => rm(work, { recursive: true, force: true }))

test('outputs go to a new file, and over another only by --force', async () => {
  const [model, input, output] = ['net.onnx', 'in.safetensors', 'out.safetensors'].map((name) => join(work, name))
  const graph = createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 2] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 2] }],
    nodes: [node('Neg', ['x'], ['y'])],
  })
  await writeFile(model!, exportOnnx(graph))
  await writeSafetensors(input!, new Map([['x', float32([1, 2], [1, -2])]]))
  const run = (to: string, ...more: string[]) =>
    runTaco('run', '--model', model!, '--input', input!, '--output', to, '--backend', 'tfjs-cpu', ...more)
  expect(await run(output!)).toEqual({ status: 0, stdout: 'y: float32 [1, 2]\n', stderr: '' })
  const again = await run(output!)
  expect([again.status, again.stderr]).toEqual([2, expect.stringMatching(/^taco: .* is there already; .*--force.*\n$/)])
  const json = await run(output!, '--force', '--json', '--quiet')
  expect(JSON.parse(json.stdout)).toEqual([{ name: 'y', dtype: 'float32', shape: [1, 2] }])
  const before = await readFile(model!)
  expect((await run(model!, '--force')).stderr).toMatch(/^taco: '.*net\.onnx' is the model, .*\n$/)
  expect(await readFile(model!)).toEqual(before)
})
