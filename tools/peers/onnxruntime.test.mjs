// The exported model of a specialist, in onnxruntime-node: the same logits as ours, and exactly the zeros that the report states.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import ort from 'onnxruntime-node'
import { batches, scanImageFolder } from '../../packages/calibration/dist/index.js'
import { importOnnx, readBundle } from '../../packages/model-io/dist/index.js'
import { openBackend } from '../../packages/orchestrator/dist/index.js'
import { optimize } from '../../packages/graph/dist/index.js'
import { writeSampleTask } from '../../packages/samples/dist/index.js'

const root = new URL('../../', import.meta.url).pathname
const shared = join(root, '../shared/data')

/** Specializes, then compares the bundle's model on eight images. */
async function check(args, images) {
  const work = mkdtempSync(join(tmpdir(), 'taco-peers-'))
  try {
    const out = join(work, 'bundle')
    const cli = join(root, 'packages/cli/bin/taco.js')
    const stdout = execFileSync(process.execPath, [cli, 'specialize', ...args, '--out', out, '--json', '--quiet'])
    const result = JSON.parse(stdout)
    const bundle = await readBundle(out)
    const { items } = await scanImageFolder(images)
    const some = items.filter((_, i) => i % Math.floor(items.length / 8) === 0).slice(0, 8)
    const graph = optimize(bundle.graph)
    const program = await openBackend('tfjs-wasm').compile(graph)
    const session = await ort.InferenceSession.create(join(out, 'model.onnx'))
    let worst = 0
    for await (const { input } of batches(some, bundle.preprocess, { batchSize: 8 })) {
      const ours = (await program.run({ [graph.inputs[0].name]: input }))[graph.outputs[0].name]
      const theirs = (
        await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', input.data, input.shape) })
      )[session.outputNames[0]]
      assert.deepEqual([...theirs.dims], [...ours.shape])
      ours.data.forEach((v, i) => (worst = Math.max(worst, Math.abs(v - theirs.data[i]))))
    }
    program.dispose()
    assert.ok(worst <= 1e-3, `logits differ by ${worst}`)
    // the zeros, counted in the exported file itself
    const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'))
    const exported = await importOnnx(join(out, 'model.onnx'))
    const nonzeros = [...exported.initializers.values()]
      .filter((i) => i.tensor.dtype === 'float32')
      .reduce((sum, { tensor }) => sum + tensor.data.reduce((n, v) => n + (v !== 0), 0), 0)
    assert.equal(nonzeros, report.nonzeros)
    console.log(`# worst difference of logits ${worst.toExponential(1)}, ${nonzeros} non-zeros`)
    return result
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

for (const [name, more] of [
  ['75 % zeros', ['--sparsity', '0.75']],
  ['half of the units', ['--pattern', 'structured']],
])
  test(`the sample, ${name}`, async () => {
    const work = mkdtempSync(join(tmpdir(), 'taco-sample-'))
    try {
      const sample = await writeSampleTask(work, { testPerClass: 4 })
      const args = ['--model', sample.model, '--data', sample.train, '--labels', sample.labels]
      await check([...args, ...more], sample.test)
    } finally {
      rmSync(work, { recursive: true, force: true })
    }
  })

for (const [name, what, more] of [
  ['vit_tiny_patch16_224', '50 % zeros', ['--sparsity', '0.5']],
  ['vit_tiny_patch16_224', '30 % of the units', ['--pattern', 'structured', '--sparsity', '0.3']],
  ['resnet18', '90 % zeros', ['--sparsity', '0.9']],
]) {
  const model = join(shared, 'models', name, 'model.onnx')
  if (!existsSync(model)) console.log(`# ${name}: skipped, ../shared is missing`)
  else
    test(`${name}, ${what}, one image a class`, async () => {
      const data = join(shared, 'images/imagenette')
      const labels = join(shared, 'imagenet-1k-classes.json')
      const args = ['--model', model, '--data', join(data, 'train'), '--labels', labels, '--shots', '1']
      await check([...args, ...more], join(data, 'dev'))
    })
}
