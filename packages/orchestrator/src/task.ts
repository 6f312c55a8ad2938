import { TacoError } from '@tacojs/errors'
import { loadLabels, scanImageFolder, type ImageFolder, type Label } from '@tacojs/calibration'
import type { Graph } from '@tacojs/graph'
import type { Model } from './model.js'
import { resolveClasses } from './resolve-classes.js'

/** A class of the task: the folder it comes from and what it is to the model. */
export interface TaskClass {
  readonly folder: string
  /** Index in the logits of the model that was given. */
  readonly index: number
  readonly name: string
  readonly wnid?: string
  /** Where the model is a specialist: its index in the original model. */
  readonly source?: number
}

/** The model's labels: the given file, those that the model carries, or bare indices. */
export async function modelLabels(
  model: Model,
  file: string | undefined,
  onWarning?: (text: string) => void,
): Promise<readonly Label[]> {
  // a file given with a specialist is the original model's
  if (file) return loadLabels(file, model.specialist ? undefined : { classes: classCount(model.graph), onWarning })
  if (model.labels) return model.labels
  return Array.from({ length: classCount(model.graph) }, (_, index) => ({ index, name: String(index) }))
}

/** The last dimension of the logits. Throws UNSUPPORTED when the first output is not [N, classes]. */
export function classCount(graph: Graph): number {
  const output = graph.outputs[0]
  const classes = output?.shape[1]
  if (output?.shape.length !== 2 || typeof classes !== 'number') {
    const shape = output ? `[${output.shape.join(', ')}]` : 'missing'
    throw new TacoError('UNSUPPORTED', `the model's first output is ${shape}; a classifier gives logits [N, classes]`)
  }
  return classes
}

/** The folder's images and its classes, in the folder's order. */
export async function loadTask(
  dir: string,
  model: Model,
  labels: readonly Label[],
  warn?: (text: string) => void,
): Promise<{ folder: ImageFolder; classes: TaskClass[] }> {
  const folder = await scanImageFolder(dir)
  sayLeftOut(folder, warn)
  const count = classCount(model.graph)
  const classes = resolveClasses(folder.classes, labels, model.specialist).map((label, i) => {
    if (label.index >= count) {
      throw new TacoError(
        'UNKNOWN_CLASS',
        `class '${folder.classes[i]}' has index ${label.index}, but the model has ${count} classes; is this its label file?`,
      )
    }
    return { ...label, folder: folder.classes[i]! }
  })
  return { folder, classes }
}

/**
 * The items of another folder of the same task, labelled by the task's classes (`dev` may hold fewer classes, not others).
 * Throws UNKNOWN_CLASS for a class that the task does not have.
 */
export async function loadSplit(
  dir: string,
  model: Model,
  classes: readonly TaskClass[],
  labels: readonly Label[],
  warn?: (text: string) => void,
): Promise<ImageFolder['items']> {
  const folder = await scanImageFolder(dir)
  sayLeftOut(folder, warn)
  const matched = resolveClasses(folder.classes, labels, model.specialist)
  const positions = matched.map((label, i) => {
    const position = classes.findIndex((c) => c.index === label.index)
    if (position < 0) {
      throw new TacoError(
        'UNKNOWN_CLASS',
        `'${dir}' holds the class '${folder.classes[i]}', which is not in the task: ${classes.map((c) => c.folder).join(', ')}`,
      )
    }
    return position
  })
  return folder.items.map((item) => ({ ...item, label: positions[item.label]! }))
}

function sayLeftOut({ dir, leftOut }: ImageFolder, warn: ((text: string) => void) | undefined): void {
  if (leftOut.length === 0) return
  const some = leftOut.slice(0, 3).join(', ')
  warn?.(`'${dir}': ${leftOut.length} files or folders that may hold images are not read, such as ${some}`)
}
