import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { runOracle } from '@tacojs/conformance'
import { optimize, toNumbers, type Tensor } from '@tacojs/graph'
import { kernelsWasm } from '@tacojs/kernels-wasm'
import { importOnnx, readSafetensors } from '@tacojs/model-io'
import { root } from './packages.js'

const folder = join(root, '../shared/data/onnx-edge/valid')
const names = existsSync(folder) ? readdirSync(folder).filter((name) => !name.includes('.')) : []
if (names.length === 0) console.info('skipped: ../shared/data/onnx-edge is missing')

function close(outputs: Readonly<Record<string, Tensor>>, wanted: ReadonlyMap<string, Tensor>): void {
  for (const [name, tensor] of wanted) {
    const [actual, expected] = [toNumbers(outputs[name]!), toNumbers(tensor)]
    expect([name, outputs[name]!.shape]).toEqual([name, tensor.shape])
    const range = Math.max(...expected.map(Math.abs), 0)
    expected.forEach((v, i) => expect(Math.abs(v - actual[i]!)).toBeLessThanOrEqual(1e-5 * range))
  }
}

test('the models are run, or said to be missing', () => {
  expect(names.length === 0 || names.length >= 20).toBe(true)
})

if (names.length > 0) {
  test.each(names)('%s: its outputs, as imported, after the passes and on the default backend', async (name) => {
    const graph = await importOnnx(join(folder, name, 'model.onnx'))
    const inputs = Object.fromEntries((await readSafetensors(join(folder, name, 'inputs.safetensors'))).tensors)
    const { tensors: wanted } = await readSafetensors(join(folder, name, 'outputs.safetensors'))
    close(runOracle(graph, inputs), wanted)
    const optimized = optimize(graph)
    close(runOracle(optimized, inputs), wanted)
    const program = await kernelsWasm().compile(optimized)
    try {
      close(await program.run(inputs), wanted)
    } finally {
      program.dispose()
    }
  })
}
