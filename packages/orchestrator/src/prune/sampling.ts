import { isTacoError } from '@tacojs/errors'
import type { Graph, Tensor } from '@tacojs/graph'
import type { Sampling } from './collect.js'
import type { PruneContext } from './context.js'
import { imageOrders, inRowOrder } from './image-order.js'
import { readWeights, writeWeights, type NoWeights } from './layer-record.js'
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
  const weights = context.recipe.positionWeights ? await weightsFor(graph, groups, batches, context) : undefined
  const images = batches.map((batch) => batch.shape[0]!)
  const orderOf = imageOrders(graph)
  return groups.map(({ input }, g) => {
    const all = { images, share: shareOf(context.recipe.positions, weights !== undefined) }
    if (!weights) return all
    const inOrder = weights.positions[g]!
    const order = orderOf(input)!
    const own = order === Infinity ? inOrder : inRowOrder(inOrder, images, order)
    return { ...all, weights: (image) => own[image]!, outputs: weights.outputs[g]! }
  })
}

/** The share to expect before anything is known of the weights. */
export const expectedShare = (recipe: Recipe): Share => shareOf(recipe.positions, recipe.positionWeights !== false)

/** What weights may fail with without the layers: no gradient, or no room for it. */
const dispensable: readonly string[] = ['UNSUPPORTED', 'OUT_OF_MEMORY']

/** Those of an earlier run or new ones; undefined where all positions count alike. */
async function weightsFor(
  graph: Graph,
  groups: readonly LayerGroup[],
  batches: readonly Tensor[],
  context: PruneContext,
): Promise<TaskWeights | undefined> {
  let found = await readWeights(context.records)
  if (!found) {
    found = await newWeights(graph, groups, batches, context)
    await writeWeights(context.records, found)
  }
  if (!('why' in found)) return found
  warnOf(found, context)
  return undefined
}

async function newWeights(
  graph: Graph,
  groups: readonly LayerGroup[],
  batches: readonly Tensor[],
  { backend, recipe, threads, signal, onWeighed }: PruneContext,
): Promise<TaskWeights | NoWeights> {
  try {
    return await taskWeights(graph, groups, batches, {
      ...{ backend, seed: recipe.seed, threads, signal },
      onImages: onWeighed,
    })
  } catch (error) {
    if (recipe.positionWeights !== 'auto' || !isTacoError(error) || !dispensable.includes(error.code)) throw error
    return { why: error.message }
  }
}

const warnOf = ({ why }: NoWeights, { onWarning }: PruneContext): void =>
  onWarning?.(`all positions count alike, for their weights cannot be had: ${why}`)

/** Says what `samplings` would say, where an earlier run has left nothing to sample for. */
export async function repeatWarning(context: PruneContext): Promise<void> {
  const found = context.recipe.positionWeights ? await readWeights(context.records) : undefined
  if (found && 'why' in found) warnOf(found, context)
}
