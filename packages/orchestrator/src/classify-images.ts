import { stat } from 'node:fs/promises'
import { batches, type Batch, type BatchStream, type Label } from '@tacojs/calibration'
import { isTacoError, TacoError } from '@tacojs/errors'
import { probabilities } from '@tacojs/evaluation'
import { defaultThreads, openBackend } from './backends.js'
import { checkImageModel } from './check-image-model.js'
import { loadModel } from './model.js'
import type { RunOptions } from './progress.js'
import type { Recipe } from './recipe.js'
import type { SpecialistLabel } from './resolve-classes.js'
import { classCount, modelLabels } from './task.js'

export interface ClassifyRequest {
  readonly model: string
  readonly labels?: string
  readonly top?: number
  readonly exif?: Recipe['exif']
  readonly backend?: string
  readonly threads?: number
}

export interface Classified {
  readonly file: string
  /** Empty where the image cannot be read. */
  readonly top: readonly { readonly index: number; readonly name: string; readonly probability: number }[]
  /** Why it cannot be read. */
  readonly error?: string
}

/** The most likely classes of each image file, best first; of one that cannot be read, why. */
export async function classifyImages(
  files: readonly string[],
  request: ClassifyRequest,
  options: RunOptions & { readonly onWarning?: (text: string) => void } = {},
): Promise<Classified[]> {
  const top = request.top ?? 3
  if (!(Number.isInteger(top) && top >= 1))
    throw new TacoError('INVALID_ARGUMENT', `top: expected a whole number, at least 1, got ${top}`)
  const backend = openBackend(request.backend)
  const model = await loadModel(request.model, options)
  for (const warning of model.warnings) options.onWarning?.(warning)
  checkImageModel(model.graph)
  const labels = namesOf(await modelLabels(model, request.labels, options.onWarning), model.specialist)
  const { graph } = model
  const k = Math.min(top, classCount(graph))
  const program = await backend.compile(graph, { threads: request.threads ?? defaultThreads() })
  try {
    const errors = await foldersAmong(files)
    const items = files.flatMap((file, label) => (errors.has(file) ? [] : [{ file, label }]))
    const stream = batches(items, model.preprocess, {
      batchSize: 1,
      exif: request.exif ?? 'apply',
      onCorrupt: 'skip',
      signal: options.signal,
    })
    const tops = new Map<number, Classified['top']>()
    for await (const { input, labels: places } of unlessAllSkipped(stream, items.length)) {
      const outputs = await program.run({ [graph.inputs[0]!.name]: input })
      const [row] = probabilities(outputs[graph.outputs[0]!.name]!)
      const best = [...row!.keys()].sort((a, b) => row![b]! - row![a]! || a - b).slice(0, k)
      tops.set(
        places[0]!,
        best.map((index) => ({ index, name: labels.get(index) ?? String(index), probability: row![index]! })),
      )
    }
    for (const { file, reason } of stream.skipped) errors.set(file, reason)
    return files.map((file, place) => {
      const own = tops.get(place)
      return own ? { file, top: own } : { file, top: [], error: errors.get(file)! }
    })
  } finally {
    program.dispose()
  }
}

/** What is wrong with those that are folders. */
async function foldersAmong(files: readonly string[]): Promise<Map<string, string>> {
  const errors = new Map<string, string>()
  for (const file of files) {
    const entry = await stat(file).catch(() => undefined)
    if (entry?.isDirectory()) errors.set(file, `'${file}' is a folder; name the images in it, as '${file}/*' does`)
  }
  return errors
}

/** Nothing instead of an error where no image can be read. */
async function* unlessAllSkipped(stream: BatchStream, images: number): AsyncGenerator<Batch> {
  try {
    yield* stream
  } catch (error) {
    if (!isTacoError(error) || stream.skipped.length < images) throw error
  }
}

/** Names by place in the logits; a file that is given with a specialist is the original model's. */
function namesOf(labels: readonly Label[], specialist: readonly SpecialistLabel[] | undefined): Map<number, string> {
  const names = new Map(labels.map((label) => [label.index, label.name]))
  if (!specialist || labels === specialist) return names
  return new Map(specialist.map(({ index, source = index, name }) => [index, names.get(source) ?? name]))
}
