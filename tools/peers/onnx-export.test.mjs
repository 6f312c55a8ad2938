// What is exported, in onnxruntime-node: every fixture, every form of the weights, against our own evaluation of the
// weights as that form rounds them.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import ort from 'onnxruntime-node'
import { float32, optimize, withInitializers } from '../../packages/graph/dist/index.js'
import { kernelsWasm } from '../../packages/kernels-wasm/dist/index.js'
import { exportOnnx, importOnnx, readSafetensors, roundWeights, writeOnnx } from '../../packages/model-io/dist/index.js'

const root = new URL('../../', import.meta.url).pathname
const fixtures = join(root, '../shared/data/timm-fixtures')
/** Of the range of the logits. */
const tolerance = 1e-4

/** By default onnxruntime rounds what is multiplied by dequantised weights to 8 bits as well. */
const exactly = { extra: { session: { qdq_matmulnbits_accuracy_level: '1' } } }

async function theirs(model, input, options = {}) {
  const session = await ort.InferenceSession.create(model, options)
  const output = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', input.data, input.shape) })
  await session.release()
  return output[session.outputNames[0]].data
}

async function ours(graph, input) {
  const program = await kernelsWasm({ build: 'base' }).compile(graph)
  const output = await program.run({ [graph.inputs[0].name]: input })
  program.dispose()
  return output[graph.outputs[0].name].data
}

function distance(a, b) {
  assert.equal(a.length, b.length)
  const range = Math.max(...a) - Math.min(...a)
  // NaN stays
  return a.reduce((worst, v, i) => Math.max(worst, Math.abs(v - b[i])), 0) / range
}

/** The smallest four fifths of each table set to zero, so that there is something to leave out. */
function sparse(graph) {
  const changes = new Map()
  for (const [name, { tensor }] of graph.initializers) {
    if (tensor.dtype !== 'float32' || tensor.data.length < 256) continue
    const least = Float32Array.from(tensor.data, Math.abs).sort()[Math.floor(0.8 * tensor.data.length)]
    changes.set(
      name,
      float32(
        tensor.shape,
        tensor.data.map((v) => (Math.abs(v) < least ? 0 : v)),
      ),
    )
  }
  return withInitializers(graph, changes)
}

if (!existsSync(fixtures)) console.log('# left out: the fixtures are not beside the repository')
else
  for (const name of readdirSync(fixtures).filter((n) => existsSync(join(fixtures, n, 'sample.safetensors')))) {
    test(`${name}: each form of the weights`, async () => {
      const input = (await readSafetensors(join(fixtures, name, 'sample.safetensors'))).tensors.get('input')
      const found = []
      for (const file of ['model.onnx', 'model.dynamo.onnx']) {
        const imported = optimize(await importOnnx(join(fixtures, name, file)))
        for (const weights of ['dense', 'sparse', 'fp16', 'int8']) {
          const graph = weights === 'sparse' ? sparse(imported) : imported
          const precision = weights === 'fp16' || weights === 'int8' ? weights : 'fp32'
          const rounded = roundWeights(graph, precision)
          assert.deepEqual(rounded.kept, [])
          const bytes = exportOnnx(graph, { weights })
          if (weights !== 'dense') assert.ok(bytes.length < exportOnnx(graph).length, `${weights} is not smaller`)
          const worst = distance(await ours(rounded.graph, input), await theirs(bytes, input, exactly))
          assert.ok(worst <= tolerance, `${file} as ${weights}: logits differ by ${worst} of their range`)
          found.push(worst)
        }
      }
      console.log(`# ${name}: largest difference ${Math.max(...found).toExponential(1)} of the range`)
    })
  }

test('external data is found from the file', { skip: !existsSync(fixtures) && 'no fixtures' }, async () => {
  const work = mkdtempSync(join(tmpdir(), 'taco-external-'))
  try {
    const folder = join(fixtures, 'vit_tiny')
    const input = (await readSafetensors(join(folder, 'sample.safetensors'))).tensors.get('input')
    const graph = await importOnnx(join(folder, 'model.onnx'))
    for (const weights of ['dense', 'int8']) {
      const path = join(work, `${weights}.onnx`)
      const { files } = await writeOnnx(path, graph, { weights, externalData: 2000 })
      assert.equal(files.length, 2)
      assert.deepEqual(await theirs(path, input), await theirs(exportOnnx(graph, { weights }), input))
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
})
