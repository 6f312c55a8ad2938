// Sizes of a specialist of ten classes at 90 % zeros, as compact weights and as ONNX, for every precision; and what the
// precisions cost a dense model: top-1 of ImageNet models in onnxruntime-node on 100 images of the dev set.
//
//   node tools/peers/export-sizes.mjs
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ort from 'onnxruntime-node'
import { batches, scanImageFolder } from '../../packages/calibration/dist/index.js'
import {
  expandFused,
  float32,
  optimize,
  prunableLayers,
  restrictHead,
  withInitializers,
} from '../../packages/graph/dist/index.js'
import {
  encodeWeights,
  exportOnnx,
  importOnnx,
  importTimm,
  readTimmConfig,
  roundWeights,
} from '../../packages/model-io/dist/index.js'

const shared = new URL('../../../shared/data/', import.meta.url).pathname
const models = ['deit_tiny_patch16_224', 'vit_tiny_patch16_224', 'resnet18']
const images = join(shared, 'images/imagenette/dev')

async function load(name) {
  const folder = join(shared, 'models', name)
  const file = join(folder, 'model.onnx')
  return optimize(existsSync(file) ? await importOnnx(file) : await importTimm(folder))
}

/**
 * 90 % zeros by magnitude in each prunable layer. What stays is shaken by up to 2 %: these files hold 16-bit or
 * product-quantised weights, which are smaller than those that a solver leaves.
 */
function pruned(graph) {
  const changes = new Map()
  for (const { weight } of prunableLayers(graph)) {
    const { shape, data } = graph.initializers.get(weight).tensor
    const least = Float32Array.from(data, Math.abs).sort()[Math.floor(0.9 * data.length)]
    const kept = data.map((v, i) => (Math.abs(v) < least ? 0 : v * (1 + 0.02 * Math.sin(i))))
    changes.set(weight, float32(shape, kept))
  }
  return withInitializers(graph, changes)
}

/** How many of the images have the highest of the given logits at their own class. */
async function correct(model, sets, classes, options) {
  const session = await ort.InferenceSession.create(model, options)
  let right = 0
  for (const { input, labels } of sets) {
    const feed = { [session.inputNames[0]]: new ort.Tensor('float32', input.data, input.shape) }
    const logits = (await session.run(feed))[session.outputNames[0]]
    const width = logits.dims[1]
    labels.forEach((label, i) => {
      const own = classes.map((c) => logits.data[i * width + c])
      if (own.indexOf(Math.max(...own)) === label) right++
    })
  }
  await session.release()
  return right
}

const mb = (bytes) => (bytes / 1e6).toFixed(2).padStart(6)

for (const name of models) {
  if (!existsSync(join(shared, 'models', name))) {
    console.log(`${name}: its weights are not beside the repository`)
    continue
  }
  const dense = await load(name)
  const specialist = pruned(
    restrictHead(
      dense,
      Array.from({ length: 10 }, (_, i) => i),
    ),
  )
  console.log(`${name}, 90 % zeros, 10 classes, MB`)
  for (const precision of ['fp32', 'fp16', 'int8']) {
    const { initializers } = expandFused(roundWeights(specialist, precision).graph)
    console.log(`  weights.taco ${precision.padEnd(6)} ${mb(encodeWeights(initializers).length)}`)
  }
  for (const weights of ['dense', 'sparse', 'fp16', 'int8']) {
    console.log(`  ONNX ${weights.padEnd(6)}         ${mb(exportOnnx(specialist, { weights }).length)}`)
  }
  if (!existsSync(images)) continue
  const preprocess = await readTimmConfig(join(shared, 'models', name, 'config.json'))
  const folder = await scanImageFolder(images)
  const items = folder.items.filter((_, i) => i % Math.ceil(folder.items.length / 100) === 0)
  const sets = []
  for await (const batch of batches(items, preprocess, { batchSize: 10 })) sets.push(batch)
  const all = JSON.parse(readFileSync(join(shared, 'imagenet-1k-classes.json'), 'utf8'))
  const classes = folder.classes.map((wnid) => all.find((c) => c.wnid === wnid).index)
  console.log(`  dense model, correct of ${items.length} among ten classes, onnxruntime-node`)
  for (const [weights, options] of [
    ['dense', {}],
    ['fp16', {}],
    ['int8', {}],
    ['int8', { extra: { session: { qdq_matmulnbits_accuracy_level: '1' } } }],
  ]) {
    const note = options.extra ? ' (qdq_matmulnbits_accuracy_level 1)' : ''
    console.log(`  ${weights}${note}: ${await correct(exportOnnx(dense, { weights }), sets, classes, options)}`)
  }
}
