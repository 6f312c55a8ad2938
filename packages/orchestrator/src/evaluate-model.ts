import { batches } from '@tacojs/calibration'
import { evaluate } from '@tacojs/evaluation'
import { restrictHead } from '@tacojs/graph'
import { defaultThreads, openBackend } from './backends.js'
import { checkImageModel } from './check-image-model.js'
import { batchSizeOf, loadModel } from './model.js'
import type { RunOptions } from './progress.js'
import type { Recipe } from './recipe.js'
import { fewerThreads } from './threads.js'
import { loadTask, modelLabels } from './task.js'

export interface EvaluateRequest {
  readonly model: string
  readonly data: string
  readonly labels?: string
  /** Let all classes of the model compete; by default only those of the folder do. */
  readonly allClasses?: boolean
  readonly exif?: Recipe['exif']
  readonly onCorrupt?: Recipe['onCorrupt']
  readonly backend?: string
  readonly threads?: number
  readonly batchSize?: number
}

export interface EvaluateResult {
  readonly model: string
  readonly images: number
  readonly correct: number
  /** 0 to 1. */
  readonly top1: number
  readonly calibrationError: number
  readonly classes: readonly {
    readonly folder: string
    readonly name: string
    readonly images: number
    readonly correct: number
  }[]
  readonly skipped: readonly { readonly file: string; readonly reason: string }[]
  readonly backend: string
  readonly seconds: number
}

/** Top-1 of a model or bundle on `<data>/<class>/*`. Throws as `specialize` does for wrong input. */
export async function evaluateModel(
  request: EvaluateRequest,
  options: RunOptions & { readonly onWarning?: (text: string) => void } = {},
): Promise<EvaluateResult> {
  const started = performance.now()
  const backend = openBackend(request.backend)
  const model = await loadModel(request.model, options)
  for (const warning of model.warnings) options.onWarning?.(warning)
  checkImageModel(model.graph)
  const labels = await modelLabels(model, request.labels, options.onWarning)
  const { folder, classes } = await loadTask(request.data, model, labels, options.onWarning)
  const indices = classes.map((c) => c.index)
  const graph = request.allClasses ? model.graph : restrictHead(model.graph, indices)
  const items = request.allClasses
    ? folder.items.map((item) => ({ ...item, label: indices[item.label]! }))
    : folder.items
  const program = await backend.compile(graph, { threads: request.threads ?? defaultThreads() })
  const fewer = fewerThreads(program)
  if (fewer) options.onWarning?.(fewer)
  try {
    const stream = batches(items, model.preprocess, {
      batchSize: batchSizeOf(graph, request.batchSize ?? 8),
      exif: request.exif ?? 'apply',
      onCorrupt: request.onCorrupt ?? 'error',
      signal: options.signal,
    })
    const progress = (done: number): void => options.onProgress?.({ stage: 'evaluate', done, total: items.length })
    progress(0)
    const [result] = await evaluate([{ program, graph }], stream, { signal: options.signal, onProgress: progress })
    progress(items.length)
    for (const { file, reason } of stream.skipped) options.onWarning?.(`skipped ${file}: ${reason}`)
    const { images, correct, top1, calibrationError, confusion } = result!
    return {
      model: model.name,
      images,
      correct,
      top1,
      calibrationError,
      classes: classes.map(({ folder: name, name: label, index }, i) => {
        const row = confusion[request.allClasses ? index : i]!
        return {
          folder: name,
          name: label,
          images: row.reduce((a, b) => a + b, 0),
          correct: row[request.allClasses ? index : i]!,
        }
      }),
      skipped: stream.skipped,
      backend: backend.name,
      seconds: (performance.now() - started) / 1000,
    }
  } finally {
    program.dispose()
  }
}
