import { isTacoError } from '@tacojs/errors'
import type { Graph, Tensor } from '@tacojs/graph'
import type { Sampling } from './collect.js'
import type { PruneContext } from './context.js'
import { keptWeights } from './layer-record.js'
import type { Recipe } from '../recipe.js'
import type { LayerGroup } from './plan.js'
import { shareOf, type Share } from './share.js'
import { taskWeights, type TaskWeights } from './task-weights.js'

/** Which positions of the images each group looks at, and what they and the outputs count for, as the recipe says. */
export async function samplings(
  graph: Graph,
  groups: readonly LayerGroup[],
  batches: readonly Tensor[],
  context: PruneContext,
): Promise<Sampling[]> {
  const weights = await keptWeights(context.records, () => weightsFor(graph, groups, batches, context))
  const images = batches.map((batch) => batch.shape[0]!)
  return groups.map((_, g) => {
    const all = { images, share: shareOf(context.recipe.positions, weights !== undefined) }
    if (!weights) return all
    const own = weights.positions[g]!
    return { ...all, weights: (image) => own[image]!, outputs: weights.outputs[g]! }
  })
}

/** The share to expect before anything is known of the weights. */
export const expectedShare = (recipe: Recipe): Share => shareOf(recipe.positions, recipe.positionWeights !== false)

/** What weights may fail with without the layers: no gradient, or no room for it. */
const dispensable: readonly string[] = ['UNSUPPORTED', 'OUT_OF_MEMORY']

/** Undefined where all positions count alike. */
async function weightsFor(
  graph: Graph,
  groups: readonly LayerGroup[],
  batches: readonly Tensor[],
  context: PruneContext,
): Promise<TaskWeights | undefined> {
  const { backend, recipe, threads, signal } = context
  if (!recipe.positionWeights) return undefined
  try {
    return await taskWeights(graph, groups, batches, {
      ...{ backend, seed: recipe.seed, threads, signal },
      onImages: context.onWeighed,
    })
  } catch (error) {
    if (recipe.positionWeights !== 'auto' || !isTacoError(error) || !dispensable.includes(error.code)) throw error
    context.onWarning?.(`all positions count alike, for their weights cannot be had: ${error.message}`)
    return undefined
  }
}
