import { resolve } from 'node:path'
import { checkpoint, isTacoError, TacoError } from '@tacojs/errors'
import { sampleFlat, samplePerClass, scanImageFolder, type ImageItem } from '@tacojs/calibration'
import { compare, type Evaluation } from '@tacojs/evaluation'
import { prunableLayers, restrictHead, type Graph } from '@tacojs/graph'
import { checkBundleTarget } from '@tacojs/model-io'
import type { Backend } from '@tacojs/runtime'
import { createNumerics } from '@tacojs/solver'
import { defaultThreads, openBackend } from './backends.js'
import { checkImageModel } from './check-image-model.js'
import { checkMemory } from './check-memory.js'
import { checkPlaces } from './check-places.js'
import { layerKernels } from './layer-kernels.js'
import { speedResult } from './allocate/speed-result.js'
import { checkFree, freeLayers } from './allocate/free-layers.js'
import { measureTogether } from './measure.js'
import { checkClassesRead, readAll } from './images.js'
import { batchSizeOf, checkTakesOneImage, loadModel } from './model.js'
import { reachAccuracy } from './accuracy/reach-accuracy.js'
import { heldOut } from './accuracy/dev-images.js'
import { StageTimer, type OnStep, type RunOptions, type Stage } from './progress.js'
import { createPruner, prunedShare, type Specialist } from './pruner.js'
import type { LayerReport } from './prune/layer-report.js'
import { planLayers, type PlannedLayer } from './prune/plan.js'
import { sharingOf } from './prune/shared-weights.js'
import { isStructured } from './consistent.js'
import { parseRecipe, type Recipe, type RecipeInput } from './recipe.js'
import type { SpecializeResult } from './result.js'
import { planStructured } from './structured/plan-structured.js'
import { summarize } from './summary.js'
import { loadSplit, loadTask, modelLabels } from './task.js'
import { openWorkFolder } from './resume/work-folder.js'
import { frontierBytes } from './frontier.js'
import { viewsOf } from './views.js'
import { writeSpecialist } from './write-specialist.js'
import { zeroShare, zeroUnitsOf } from './zero-share.js'

export interface SpecializeOptions extends RunOptions {
  /** Folder of the bundle to write; nothing is written without it. */
  readonly out?: string
  /** Labelled images to measure on. */
  readonly eval?: string
  /** Task-agnostic images: a second specialist is pruned with as many of these, to compare. Never written. */
  readonly control?: string
  /** Forget what an interrupted run to the same `out` has left; otherwise it is gone on with. */
  readonly fresh?: boolean
  readonly threads?: number
  readonly onWarning?: (text: string) => void
}

/**
 * The whole way: a model and a folder of images in, a pruned specialist for the folder's classes out.
 *
 * @param input a recipe; what is left out has a default
 * @throws TacoError with the code of what is wrong: INVALID_ARGUMENT (recipe), NOT_FOUND, INVALID_MODEL, INVALID_DATA,
 *   UNKNOWN_CLASS, UNSUPPORTED, OUT_OF_REACH (a size or a speed), NUMERICAL, OUT_OF_MEMORY, IO (the bundle cannot be
 *   written), ABORTED. Without an error in the way nothing but the bundle is written; with one, finished layers stay in a
 *   hidden folder beside it, and the same call goes on from there.
 */
export async function specialize(
  input: RecipeInput | Readonly<Record<string, unknown>>,
  options: SpecializeOptions = {},
): Promise<SpecializeResult> {
  const started = performance.now()
  const { signal, threads = defaultThreads() } = options
  const timer = new StageTimer()
  const warnings: string[] = []
  const warn = (text: string): void => {
    // several prunes of one model say the same
    if (warnings.includes(text)) return
    warnings.push(text)
    options.onWarning?.(text)
  }
  const progress =
    (stage: Stage): OnStep =>
    (done, total, detail, share) =>
      options.onProgress?.({ stage, done, total, detail, share })

  // Everything that can be wrong is looked at before anything long begins.
  const recipe = parseRecipe(input)
  const backend = openBackend(recipe.backend)
  checkPlaces(recipe, options)
  if (recipe.dev !== undefined && resolve(recipe.dev) === resolve(recipe.data)) {
    warn(
      'dev is the folder of the calibration images: on images that were pruned with, accuracy is better than on others',
    )
  }
  if (options.out !== undefined) await checkBundleTarget(options.out)
  const { model, dense, layers, classes, labels, folder } = await timer.time('load', async () => {
    progress('load')(0, 1, recipe.model)
    const model = await loadModel(recipe.model, options)
    model.warnings.forEach(warn)
    checkImageModel(model.graph)
    checkTakesOneImage(model.graph)
    const labels = await modelLabels(model, recipe.labels, warn)
    const { folder, classes } = await loadTask(recipe.data, model, labels, warn)
    const dense = restrictHead(
      model.graph,
      classes.map((c) => c.index),
    )
    const layers = plannedLayers(dense, recipe, warn)
    checkFree(layers, recipe, warn)
    if (recipe.maxDrop !== undefined && classes.length === 1) {
      throw new TacoError('INVALID_ARGUMENT', 'maxDrop: of one class every network is right; give a sparsity instead')
    }
    progress('load')(1, 1)
    return { model, dense, layers, classes, labels, folder }
  })
  const sampled = samplePerClass(folder, recipe.shots, recipe.seed)
  if (sampled.short.length > 0) {
    const few = sampled.short.map(({ class: name, have }) => `${name} (${have})`).join(', ')
    warn(`fewer than ${recipe.shots} images a class, all are used: ${few}`)
  }
  const devItems =
    recipe.maxDrop === undefined
      ? undefined
      : recipe.dev === undefined
        ? heldOut(folder, sampled.items, recipe.seed)
        : await loadSplit(recipe.dev, model, classes, labels, warn)
  if (devItems) {
    const unseen = classes.filter((_, i) => !devItems.some(({ label }) => label === i)).map((c) => c.folder)
    if (unseen.length > 0) warn(`no dev image of these classes, so what they lose is not seen: ${unseen.join(', ')}`)
  }
  const evalItems = options.eval === undefined ? undefined : await loadSplit(options.eval, model, classes, labels, warn)
  const controlFolder =
    options.control === undefined ? undefined : await scanImageFolder(options.control, { classes: false })

  const work = options.out === undefined ? undefined : await openWorkFolder(options.out, options.fresh)
  const linalg = await createNumerics({ threads })
  const reading = {
    batchSize: batchSizeOf(model.graph, recipe.batchSize),
    exif: recipe.exif,
    onCorrupt: recipe.onCorrupt,
    signal,
  }
  if (recipe.warmStart === 'auto' && !model.specialist) {
    const zeros = Math.round(100 * zeroShare(dense))
    if (zeros >= 10) {
      warn(`${zeros} % of the model's weights are zero and may come back; warmStart (--warm-start on) keeps them zero`)
    }
  }
  const warmStart = typeof recipe.warmStart === 'boolean' ? recipe.warmStart : model.specialist !== undefined
  const zeros = warmStart && !isStructured(recipe) ? zeroUnitsOf(dense, freeLayers(layers, recipe)) : 0
  const [have, asked] = [zeros, recipe.sparsity ?? 1].map((share) => Math.round(100 * share))
  if (have! > asked!) {
    warn(`${have} % of the weights are zero already and stay, which is more than the ${asked} % that were asked for`)
  }
  const prunerOn = async (items: readonly ImageItem[], stage: 'prune' | 'prune-control', recipe: Recipe) => {
    const { inputSize } = model.preprocess
    const [images, frontier] = [items.length, frontierBytes(dense, inputSize)]
    const views = viewsOf(recipe, { images, frontier })
    checkMemory({ images, views, frontier, image: inputSize[0] * inputSize[1] * inputSize[2] })
    const calibration = await timer.time('calibrate', () =>
      readAll(items, model.preprocess, { ...reading, augment: recipe.augment, views, seed: recipe.seed }, (done) =>
        progress('calibrate')(done, items.length, stage === 'prune' ? undefined : 'control images'),
      ),
    )
    for (const { file, reason } of calibration.skipped) warn(`skipped ${file}: ${reason}`)
    if (stage === 'prune') checkClassesRead(classes, items, calibration.skipped)
    const inputs = calibration.batches.map((batch) => batch.input)
    const context = { backend, linalg, recipe, warmStart, threads, signal, work, timer, progress, warn }
    return {
      prune: await createPruner(dense, inputs, stage, context),
      seen: {
        images: items.length - calibration.skipped.length,
        views,
        skipped: calibration.skipped,
        example: inputs[0]!,
      },
    }
  }
  // the inputs of each go with its pruner
  const pruneForTask = async () => {
    const { prune, seen } = await prunerOn(sampled.items, 'prune', recipe)
    if (!devItems) return { specialist: await prune(), search: undefined, seen }
    const reached = await reachAccuracy(dense, prune, devItems, {
      ...{ recipe, zeros, backend, threads, preprocess: model.preprocess, reading, timer, progress, warn },
    })
    return { ...reached, seen }
  }
  const pruneForControl = async (items: readonly ImageItem[], recipe: Recipe, sparsity: number | undefined) => {
    const { prune, seen } = await prunerOn(items, 'prune-control', recipe)
    return { control: await prune(sparsity), seen }
  }

  try {
    const { specialist, search, seen: task } = await pruneForTask()
    // as many images as the specialist has really seen; as sparse, where an accuracy or a speed has decided that
    const { speed, recipe: settled } = specialist.settled
    const controlItems = controlFolder && sampleFlat(controlFolder, task.images, recipe.seed)
    const { control, seen: other } = controlItems
      ? await pruneForControl(controlItems, speed ? settled : recipe, search?.sparsity)
      : {}
    if (other && other.images < task.images) {
      warn(`the control was pruned with ${other.images} images, the specialist with ${task.images}`)
    }
    await checkpoint(signal)
    const graphs: Graph[] = [dense, specialist.graph, ...(control ? [control.graph] : [])]
    const measured = await measureTogether(graphs, {
      backend,
      threads,
      evalItems,
      preprocess: model.preprocess,
      reading,
      example: task.example,
      timer,
      progress,
      warn,
    })
    const [denseEval, specialistEval, controlEval] = measured.evaluations as (Evaluation | undefined)[]
    const summaries = graphs.map((graph, i) =>
      summarize(graph, model.preprocess.inputSize, {
        pruned: i > 0,
        evaluation: measured.evaluations[i],
        latencyMs: measured.latencies[i]?.medianMs,
      }),
    )
    if (recipe.maxBytes !== undefined && summaries[1]!.bytes > recipe.maxBytes) {
      warn(
        `the compact weights take ${summaries[1]!.bytes} bytes, more than the ${recipe.maxBytes} that were asked for`,
      )
    }
    const result: SpecializeResult = {
      model: { name: model.name, path: recipe.model },
      recipe,
      backend: backend.name,
      task: {
        classes,
        images: task.images,
        views: task.views,
        short: sampled.short,
        skipped: task.skipped,
      },
      dense: summaries[0]!,
      specialist: summaries[1]!,
      ...(control ? { control: summaries[2]! } : {}),
      ...(denseEval && specialistEval ? { comparison: compare(denseEval, specialistEval) } : {}),
      ...(controlEval && specialistEval ? { controlComparison: compare(controlEval, specialistEval) } : {}),
      sparsity: prunedShare(specialist),
      ...(search ? { search } : {}),
      ...(speed ? { speed: speedResult(recipe, speed.predictedMs, measured.latencies) } : {}),
      nonzeros: summaries[1]!.nonzeros,
      layers: await withKernels(backend, specialist, model.preprocess.inputSize),
      ...(specialist.groups ? { groups: specialist.groups, leftAlone: specialist.leftAlone! } : {}),
      warnings,
      ...(options.out === undefined ? {} : { out: options.out }),
      seconds: (performance.now() - started) / 1000,
      stages: timer.seconds,
    }
    if (options.out === undefined) return result
    progress('write')(0, 1, options.out)
    await timer.time('write', () => writeSpecialist(options.out!, specialist.graph, model.preprocess, result))
    progress('write')(1, 1)
    // the bundle is whole, whatever becomes of what it was made from
    await work?.remove().catch((error: Error) => options.onWarning?.(error.message))
    return { ...result, seconds: (performance.now() - started) / 1000 }
  } catch (error) {
    if (!isRefusal(error) && (await work?.holdsWork())) {
      const call = isTacoError(error) && error.code === 'OUT_OF_REACH' ? 'another target' : 'the same call'
      options.onWarning?.(
        `what is done is kept in '${work!.dir}': ${call} goes on from there, unless told to start afresh`,
      )
    }
    throw error
  } finally {
    await work?.release().catch(() => undefined)
    linalg.dispose()
  }
}

/** Whether the same call would end as it did. */
const isRefusal = (error: unknown): boolean =>
  isTacoError(error) && ['INVALID_ARGUMENT', 'UNSUPPORTED'].includes(error.code)

/** The layers that lose weights, or sum over units that go. Throws where the recipe does not fit the model. */
function plannedLayers(dense: Graph, recipe: Recipe, warn: (text: string) => void): PlannedLayer[] {
  if (!isStructured(recipe)) {
    const shared = prunableLayers(dense).filter(sharingOf(dense))
    if (shared.length > 0) {
      warn(`these layers share their weights with others and stay dense: ${shared.map(({ name }) => name).join(', ')}`)
    }
    return planLayers(dense, recipe).groups.flatMap((group) => group.members)
  }
  const { groups, warning } = planStructured(dense, recipe)
  if (warning) warn(warning)
  const sparse = groups.filter(({ planned }) => dense.initializers.get(planned.layer.weight)!.sparsity !== undefined)
  if (sparse.length > 0) {
    const names = sparse.map(({ planned }) => planned.layer.name).join(', ')
    warn(`structured pruning fits all weights of these layers again, and their zeros are gone: ${names}`)
  }
  return groups.map(({ planned }) => planned)
}

/** The layers with the kernels that they get once pruned. */
async function withKernels(
  backend: Backend,
  { graph, layers }: Specialist,
  image: readonly number[],
): Promise<LayerReport[]> {
  const kernels = await layerKernels(backend, graph, image)
  return layers.map((layer) => {
    const note = kernels.get(layer.node)
    return note ? { ...layer, kernel: note.kernel, kernelReason: note.reason } : layer
  })
}
