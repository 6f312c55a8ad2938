import type { Preprocess } from '@tacojs/calibration'
import type { Graph } from '@tacojs/graph'
import { writeBundle, type BundleLabel, type JsonValue } from '@tacojs/model-io'
import { reportOf, type SpecializeResult } from './result.js'

/**
 * The bundle of a result. Its labels index the specialist's logits; `source` is the index in the original model, also where
 * that was pruned to a specialist in several steps.
 */
export async function writeSpecialist(
  dir: string,
  graph: Graph,
  preprocess: Preprocess,
  result: SpecializeResult,
): Promise<void> {
  const labels = result.task.classes.map(({ folder, index: before, source = before, ...label }, index) => ({
    index,
    ...label,
    folder,
    source,
  }))
  await writeBundle(dir, {
    graph,
    preprocess: preprocess as unknown as JsonValue,
    labels: labels as unknown as BundleLabel[],
    report: reportOf(result) as JsonValue,
  })
}
