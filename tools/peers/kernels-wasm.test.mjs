// Logits of real networks on real images: dense as onnxruntime-node's, sparse as the same weights run densely; with each
// build of the kernels, on one thread and on two.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { setFlagsFromString } from 'node:v8'
import ort from 'onnxruntime-node'
import { batches, scanImageFolder } from '../../packages/calibration/dist/index.js'
import { float32, optimize, withInitializers } from '../../packages/graph/dist/index.js'
import { kernelsWasm } from '../../packages/kernels-wasm/dist/index.js'
import { exportOnnx, importOnnx, readSafetensors, readTimmConfig } from '../../packages/model-io/dist/index.js'

// Node 20 has relaxed SIMD behind a flag, which must be set before the first compilation
setFlagsFromString('--experimental-wasm-relaxed-simd')

const root = new URL('../../', import.meta.url).pathname
const shared = join(root, '../shared/data')
const tolerance = 1e-3

/** The benchmark's networks and its pruning by magnitude, compiled when they are needed. */
async function benchmark(file) {
  const folder = join(root, 'benchmarks/matrix')
  if (!existsSync(join(folder, 'dist', file)))
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
      cwd: folder,
    })
  return import(join(folder, 'dist', file))
}

/** The benchmark's network of that name, its weights replaced by those of a state dict of timm's. */
async function fromStateDict(file, name) {
  const { buildModel } = await benchmark('models/index.js')
  const { exported } = await buildModel(name)
  const { tensors } = await readSafetensors(file)
  const read = (key) => tensors.get(key) ?? assert.fail(`${file} has no '${key}'`)
  const changes = new Map()
  for (const [key, { tensor }] of exported.initializers) {
    const layer = key.replace(/\.[^.]*$/, '')
    // conv1 → bn1, downsample.0 → downsample.1: folded into the convolution before them
    const norm = layer.replace(/conv(\d)$/, 'bn$1').replace(/downsample\.0$/, 'downsample.1')
    if (key.endsWith('.matrix')) changes.set(key, transposed(read(`${layer}.weight`)))
    else if (norm !== layer) changes.set(key, folded(key, layer, norm, read))
    else if (tensors.has(key)) changes.set(key, read(key))
    else assert.equal(tensor.dtype === 'float32' && tensor.shape.length > 0, false, `nothing for '${key}'`)
  }
  return withInitializers(exported, changes)
}

function transposed({ shape: [rows, columns], data }) {
  const turned = Float32Array.from(
    { length: rows * columns },
    (_, i) => data[(i % rows) * columns + Math.floor(i / rows)],
  )
  return float32([columns, rows], turned)
}

/** Weight or bias of a convolution with the batch normalisation after it. */
function folded(key, layer, norm, read) {
  const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(
    (part) => read(`${norm}.${part}`).data,
  )
  const factors = gamma.map((g, i) => g / Math.sqrt(variance[i] + 1e-5))
  if (key.endsWith('.bias'))
    return float32(
      [gamma.length],
      beta.map((b, i) => b - mean[i] * factors[i]),
    )
  const { shape, data } = read(`${layer}.weight`)
  const perRow = data.length / shape[0]
  return float32(
    shape,
    data.map((w, i) => w * factors[Math.floor(i / perRow)]),
  )
}

/** Four images of different classes, as one input. */
async function images(preprocess) {
  const { items } = await scanImageFolder(join(shared, 'images/imagenette/dev'))
  const some = [0, 1, 2, 3].map((i) => items[Math.floor(((i + 0.5) * items.length) / 4)])
  for await (const { input } of batches(some, preprocess, { batchSize: some.length })) return input
}

const largest = (a, b) => {
  assert.equal(a.length, b.length)
  // NaN stays
  return a.reduce((worst, v, i) => Math.max(worst, Math.abs(v - b[i])), 0)
}

/** The largest difference from the expected logits, of both builds on one thread and on two. */
async function compare(graph, input, expected, what, isRight = () => true) {
  const differences = []
  for (const build of ['base', 'relaxed']) {
    for (const threads of [1, 2]) {
      const program = await kernelsWasm({ build, threads }).compile(graph)
      const kernels = program.kernels({ [graph.inputs[0].name]: input.shape }).map((note) => note.kernel)
      assert.ok(isRight(kernels), `${what}: runs as ${[...new Set(kernels)]}`)
      const output = (await program.run({ [graph.inputs[0].name]: input }))[graph.outputs[0].name]
      program.dispose()
      const worst = largest(output.data, expected)
      assert.ok(worst <= tolerance, `${what}, ${build} build, ${threads} threads: logits differ by ${worst}`)
      differences.push(worst)
    }
  }
  const scale = expected.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
  console.log(
    `# ${what}: largest difference ${Math.max(...differences).toExponential(1)}, logits to ${scale.toFixed(1)}`,
  )
}

async function logitsOf(model, input) {
  const session = await ort.InferenceSession.create(model)
  const output = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', input.data, input.shape) })
  return output[session.outputNames[0]].data
}

async function denseLogits(graph, input) {
  const program = await kernelsWasm({ build: 'base', form: () => 'dense' }).compile(graph)
  const output = (await program.run({ [graph.inputs[0].name]: input }))[graph.outputs[0].name]
  program.dispose()
  return output.data
}

const fromFile = async (folder) => importOnnx(join(folder, 'model.onnx'))

for (const [name, file, load] of [
  ['vit_tiny_patch16_224', 'model.onnx', fromFile],
  ['resnet18', 'model.onnx', fromFile],
  [
    'deit_tiny_patch16_224',
    'model.safetensors',
    (folder) => fromStateDict(join(folder, 'model.safetensors'), 'deit_tiny'),
  ],
  ['resnet50', 'model.safetensors', (folder) => fromStateDict(join(folder, 'model.safetensors'), 'resnet50')],
]) {
  const folder = join(shared, 'models', name)
  if (!existsSync(join(folder, file)) || !existsSync(join(shared, 'images/imagenette/dev'))) {
    console.log(`# ${name}: left out, its weights or the images are not beside the repository`)
    continue
  }
  test(`${name}: logits on four images`, async () => {
    const exported = await load(folder)
    const graph = optimize(exported)
    const { inputSize, interpolation, cropPct, cropMode, mean, std } = await readTimmConfig(join(folder, 'config.json'))
    const input = await images({ inputSize, interpolation, cropPct, cropMode, mean, std })
    const theirs = await logitsOf(file === 'model.onnx' ? join(folder, file) : exportOnnx(exported), input)
    await compare(graph, input, theirs, `${name}, dense, onnxruntime-node`)
    const { pruneByMagnitude } = await benchmark('prune.js')
    for (const [pattern, sparsity, kernel] of [
      ['80 %', { share: 0.8, rows: 1 }, 'unstructured'],
      ['90 %', { share: 0.9, rows: 1 }, 'unstructured'],
      ['80 % 4x1', { share: 0.8, rows: 4 }, '4×1 blocks'],
    ]) {
      const sparse = pruneByMagnitude(graph, sparsity)
      const isRight = (kernels) => kernels.includes(kernel)
      await compare(sparse, input, await denseLogits(sparse, input), `${name}, ${pattern}, the same densely`, isRight)
    }
  })
}
