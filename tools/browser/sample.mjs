import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { batches, scanImageFolder } from '../../packages/calibration/dist/index.js'
import { runOracle } from '../../packages/conformance/dist/index.js'
import { readBundle } from '../../packages/model-io/dist/index.js'
import { writeSampleTask } from '../../packages/samples/dist/index.js'

const cli = new URL('../../packages/cli/bin/taco.js', import.meta.url).pathname

/**
 * Makes a specialist of the sample task, 75 % zeros, in `work/bundle`, and three of its test images in `work/images.f32`.
 * Returns their logits, in float64 from the exported network as it stands, before any pass.
 */
export async function makeSample(work) {
  const task = await writeSampleTask(join(work, 'task'), { testPerClass: 1 })
  const bundle = join(work, 'bundle')
  const args = ['--model', task.model, '--data', task.train, '--labels', task.labels, '--sparsity', '0.75']
  execFileSync(process.execPath, [cli, 'specialize', ...args, '--out', bundle, '--quiet'])
  const { graph, preprocess } = await readBundle(bundle)
  const { items } = await scanImageFolder(task.test)
  const logits = []
  const pixels = []
  for await (const { input } of batches(items.slice(0, 3), preprocess, { batchSize: 1 })) {
    pixels.push(new Uint8Array(input.data.buffer, input.data.byteOffset, input.data.byteLength).slice())
    logits.push([...runOracle(graph, { [graph.inputs[0].name]: input })[graph.outputs[0].name].data])
  }
  writeFileSync(join(work, 'images.f32'), Buffer.concat(pixels))
  return logits
}

/** The bundle's files by name, as a page would fetch them, and the images. */
export function readSample(work) {
  const bundle = join(work, 'bundle')
  const manifest = readFileSync(join(bundle, 'manifest.json'))
  const names = ['manifest.json', ...Object.keys(JSON.parse(manifest).files)]
  const files = new Map(names.map((name) => [name, new Uint8Array(readFileSync(join(bundle, name)))]))
  const pixels = new Float32Array(new Uint8Array(readFileSync(join(work, 'images.f32'))).buffer)
  return { files, pixels }
}
