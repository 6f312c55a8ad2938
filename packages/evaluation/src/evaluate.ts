import { checkpoint, TacoError } from '@tacojs/errors'
import type { Graph, Tensor } from '@tacojs/graph'
import type { Program } from '@tacojs/runtime'
import { argmaxRows, probabilities } from './classify.js'
import { expectedCalibrationError } from './calibration-error.js'

/** What evaluation needs of a batch: input [N, C, H, W] and one class index per image. */
export interface LabelledBatch {
  readonly input: Tensor
  readonly labels: readonly number[]
}

export interface Evaluation {
  readonly images: number
  readonly correct: number
  /** Share of images whose largest logit is the labelled class, 0 to 1. */
  readonly top1: number
  /** Predicted class of each image, in the order of the data. */
  readonly predictions: readonly number[]
  readonly labels: readonly number[]
  /** Images of class i predicted as class j. */
  readonly confusion: readonly (readonly number[])[]
  /** Expected calibration error over 15 equal-width bins of confidence (Guo et al. 2017). */
  readonly calibrationError: number
}

export interface Classifier {
  readonly program: Program
  readonly graph: Graph
}

/**
 * Runs several classifiers over the same images, batch by batch, so the data is read once and comparisons are paired.
 * Labels index the classifiers' logits [N, classes].
 *
 * @throws INVALID_DATA without any image, SHAPE_MISMATCH when a label lies outside of the logits
 */
export async function evaluate(
  classifiers: readonly Classifier[],
  batches: AsyncIterable<LabelledBatch> | Iterable<LabelledBatch>,
  options: { readonly signal?: AbortSignal; readonly onProgress?: (images: number) => void } = {},
): Promise<Evaluation[]> {
  const predictions: number[][] = classifiers.map(() => [])
  const confidences: number[][] = classifiers.map(() => [])
  const classes: number[] = classifiers.map(() => 0)
  const labels: number[] = []
  for await (const batch of batches) {
    for (const [i, { program, graph }] of classifiers.entries()) {
      await checkpoint(options.signal)
      const outputs = await program.run({ [graph.inputs[0]!.name]: batch.input })
      const logits = outputs[graph.outputs[0]!.name]!
      classes[i] = logits.shape[logits.shape.length - 1]!
      const beyond = batch.labels.find((label) => label >= classes[i]!)
      if (beyond !== undefined) {
        throw new TacoError('SHAPE_MISMATCH', `label ${beyond} lies outside of the model's ${classes[i]} classes`)
      }
      predictions[i]!.push(...argmaxRows(logits))
      confidences[i]!.push(...probabilities(logits).map((row) => row.reduce((a, b) => Math.max(a, b), 0)))
    }
    labels.push(...batch.labels)
    options.onProgress?.(labels.length)
  }
  if (labels.length === 0) throw new TacoError('INVALID_DATA', 'there is no image to evaluate on')
  return classifiers.map((_, i) => summarize(predictions[i]!, confidences[i]!, labels, classes[i]!))
}

function summarize(predictions: number[], confidences: number[], labels: number[], classes: number): Evaluation {
  // a row of its own only for classes that have images: of ten thousand mostly few have
  const none = new Array<number>(classes).fill(0)
  const confusion = new Array<number[]>(classes).fill(none)
  for (const label of new Set(labels)) confusion[label] = [...none]
  labels.forEach((label, i) => confusion[label]![predictions[i]!]!++)
  const hits = predictions.map((p, i) => p === labels[i])
  const correct = hits.filter(Boolean).length
  return {
    images: labels.length,
    correct,
    top1: correct / labels.length,
    predictions,
    labels,
    confusion,
    calibrationError: expectedCalibrationError(confidences, hits),
  }
}
