import { batches, type Label } from '@tacojs/calibration'
import { probabilities } from '@tacojs/evaluation'
import { TacoError } from '@tacojs/errors'
import { defaultThreads, openBackend } from './backends.js'
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
  readonly top: readonly { readonly index: number; readonly name: string; readonly probability: number }[]
}

/** The most likely classes of each image file, best first. */
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
  const labels = namesOf(await modelLabels(model, request.labels), model.specialist)
  const { graph } = model
  const k = Math.min(top, classCount(graph))
  const program = await backend.compile(graph, { threads: request.threads ?? defaultThreads() })
  try {
    const stream = batches(
      files.map((file) => ({ file, label: 0 })),
      model.preprocess,
      { batchSize: 1, exif: request.exif ?? 'apply', onCorrupt: 'error', signal: options.signal },
    )
    const results: Classified[] = []
    for await (const { input, items } of stream) {
      const outputs = await program.run({ [graph.inputs[0]!.name]: input })
      const [row] = probabilities(outputs[graph.outputs[0]!.name]!)
      const best = [...row!.keys()].sort((a, b) => row![b]! - row![a]! || a - b).slice(0, k)
      results.push({
        file: items[0]!.file,
        top: best.map((index) => ({ index, name: labels.get(index) ?? String(index), probability: row![index]! })),
      })
    }
    return results
  } finally {
    program.dispose()
  }
}

/** Names by place in the logits; a file that is given with a specialist is the original model's. */
function namesOf(labels: readonly Label[], specialist: readonly SpecialistLabel[] | undefined): Map<number, string> {
  const names = new Map(labels.map((label) => [label.index, label.name]))
  if (!specialist || labels === specialist) return names
  return new Map(specialist.map(({ index, source = index, name }) => [index, names.get(source) ?? name]))
}
