import type { Evaluation } from '@tacojs/evaluation'
import { expandFused, type Graph } from '@tacojs/graph'
import { encodeWeights, exportOnnx } from '@tacojs/model-io'
import { modelCosts } from './model-costs.js'
import type { ModelSummary } from './result.js'
import { sizedGraph } from './sized.js'

/**
 * Size of a model as it would be shipped, and what was measured of it.
 *
 * @param image [C, H, W] that multiply-accumulates are for, where the model leaves the size open
 */
export function summarize(
  graph: Graph,
  image: readonly number[],
  measured: { pruned: boolean; evaluation: Evaluation | undefined; latencyMs: number | undefined },
): ModelSummary {
  const { parameters, nonzeros, macs } = modelCosts(sizedGraph(graph, image) ?? graph)
  const { evaluation, latencyMs } = measured
  return {
    ...(evaluation
      ? {
          top1: evaluation.top1,
          correct: evaluation.correct,
          images: evaluation.images,
          calibrationError: evaluation.calibrationError,
        }
      : {}),
    parameters,
    nonzeros,
    macs,
    bytes: measured.pruned ? encodeWeights(expandFused(graph).initializers).byteLength : exportOnnx(graph).byteLength,
    ...(latencyMs === undefined ? {} : { latencyMs }),
  }
}
