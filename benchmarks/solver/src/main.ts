import { loadavg } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { batches, samplePerClass, scanImageFolder, type ImageItem } from '@tacojs/calibration'
import { isTacoError, TacoError } from '@tacojs/errors'
import { prunableLayers, type Graph, type PrunableLayer } from '@tacojs/graph'
import { loadModel, openBackend, type Model } from '@tacojs/orchestrator'
import { createNumerics, type Numerics } from '@tacojs/solver'
import { progressLine } from '../../matrix/src/progress-line.js'
import { markdownTable, terminalTable } from '../../matrix/src/table.js'
import { contenders } from './contenders.js'
import { layerProblems } from './layer-problems.js'
import { demandsOf, measure, type Entry, type Layer } from './measure.js'
import { helpText, parseOptions, type Options } from './options.js'
import { sharedFolder } from './places.js'
import { circumstances, readResults, save, type LayerResult } from './results.js'
import { modelNames, subjects } from './subjects.js'
import { errorTable, layerTable, secondsTable } from './tables.js'

/** Images of a class: 160 to calibrate and 60 of `dev` for a task of ten. */
const SHOTS = { train: 16, dev: 6 }
const progress = progressLine()

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args)
  if (options.help) console.log(helpText())
  else if (options.markdown) printSaved(options.out)
  else await run(options)
}

function printSaved(dir: string): void {
  const order = ({ model, layer }: LayerResult): number =>
    100 * modelNames.indexOf(model) + (subjects[model]?.layers.indexOf(layer) ?? 0)
  const results = readResults(dir).sort((a, b) => order(a) - order(b))
  for (const table of [errorTable(results, 'devError'), errorTable(results, 'error'), secondsTable(results)]) {
    console.log(`${markdownTable(table)}\n`)
  }
}

async function run(options: Options): Promise<void> {
  const shared = sharedFolder()
  const chosen: { name: string; model: Model; layers: PrunableLayer[] }[] = []
  for (const name of options.models) {
    const model = await loadModel(join(shared, 'models', name, 'model.onnx'))
    chosen.push({ name, model, layers: layersOf(name, model.graph, options.layers) })
  }
  const missing = options.layers?.find((name) => !chosen.some(({ layers }) => layers.some((l) => l.name === name)))
  if (missing) throw new TacoError('INVALID_ARGUMENT', `--layers '${missing}': not a prunable layer of the models`)

  const numerics = await createNumerics({ threads: options.threads })
  try {
    for (const { name, model, layers } of chosen) {
      if (layers.length > 0) await runModel(numerics, join(shared, 'images'), name, model, layers, options)
    }
  } finally {
    numerics.dispose()
  }
}

async function runModel(
  numerics: Numerics,
  images: string,
  name: string,
  model: Model,
  layers: readonly PrunableLayer[],
  options: Options,
): Promise<void> {
  const { task } = subjects[name]!
  const { threads } = options
  const look = async (split: 'train' | 'dev') => {
    const items = samplePerClass(await scanImageFolder(join(images, task, split)), SHOTS[split], 0).items
    return { images: items.length, problems: await problemsOf(items, split) }
  }
  const problemsOf = (items: readonly ImageItem[], split: string) =>
    layerProblems(model.graph, layers, batches(items, model.preprocess, { batchSize: 16 }), {
      ...{ backend: openBackend(), numerics, threads },
      onImages: (done) => progress.show(`${name}: statistics, ${split} image ${done}/${items.length}`),
    })
  // The head is not restricted to the task's classes: no layer that is looked at depends on it.
  const [train, dev] = [await look('train'), await look('dev')]
  for (const [i, layer] of layers.entries()) {
    const at = circumstances(threads, loadavg()[0]!)
    const [problem, held] = [train.problems[i]!, dev.problems[i]!]
    const result: LayerResult = {
      ...{ model: name, task, layer: layer.name, rows: layer.rows, cols: layer.cols, ...at },
      calibration: { images: train.images, positions: problem.positions },
      dev: { images: dev.images, positions: held.positions },
      entries: entriesOf(numerics, `${name} ${layer.name}`, { problem, dev: held }, options),
    }
    save(options.out, result)
    progress.clear()
    console.log(`${terminalTable(layerTable(result))}\n`)
  }
}

function entriesOf(numerics: Numerics, name: string, layer: Layer, options: Options): Entry[] {
  const demands = demandsOf(options.patterns, options.sparsities)
  const asked = contenders.filter((contender) => options.methods.includes(contender.name))
  return demands.flatMap((demand) =>
    asked.flatMap((contender) => {
      progress.show(`${name}: ${demand.pattern} ${demand.sparsity ?? ''} ${contender.name}`)
      return measure(numerics, layer, demand, contender, options.mostSeconds) ?? []
    }),
  )
}

function layersOf(name: string, graph: Graph, wanted: readonly string[] | undefined): PrunableLayer[] {
  const names = wanted ?? subjects[name]!.layers
  return prunableLayers(graph).filter((layer) => names.includes(layer.name))
}

try {
  // Node 20 has relaxed SIMD behind a flag; newer versions have it on and do not know the flag any more
  if (process.versions.node.startsWith('20.')) setFlagsFromString('--experimental-wasm-relaxed-simd')
  await main(process.argv.slice(2))
} catch (error) {
  progress.clear()
  if (!isTacoError(error)) throw error
  console.error(`bench:solver: ${error.message}`)
  process.exitCode = error.code === 'INVALID_ARGUMENT' ? 2 : 1
}
