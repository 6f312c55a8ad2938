import type { Graph, Tensor } from '@tacojs/graph'
import type { Linalg } from '@tacojs/linalg'
import type { Backend } from '@tacojs/runtime'
import { isStructured } from '../consistent.js'
import { DEFAULT_SPARSITY } from '../prune/layer-settings.js'
import { planLayers, type PlannedLayer } from '../prune/plan.js'
import type { Recipe } from '../recipe.js'
import { sizedGraph } from '../sized.js'
import { zeroUnits } from '../zero-share.js'
import { looksAtLosses, withSparsities } from './allocate.js'
import { sparsitiesAt, sparsitiesForBytes } from './choose-sparsities.js'
import { freeLayers } from './free-layers.js'
import { macCost, parameterCost } from './costs.js'
import type { LayerLosses } from './layer-losses.js'
import { measuredSparsities } from './measured-sparsities.js'
import type { Measurements } from './measurements.js'
import { sparsitiesForSpeed, type SpeedSearch } from './sparsities-for-speed.js'

export interface SettleContext {
  readonly backend: Backend
  readonly linalg: Linalg
  readonly recipe: Recipe
  /** Zeros of the model stay zero, and count among those that are shared. */
  readonly warmStart?: boolean
  readonly threads?: number
  readonly signal?: AbortSignal
  readonly onLayer?: (done: number, total: number, name: string) => void
}

export interface Settled {
  readonly recipe: Recipe
  /** Where a speed was asked for. */
  readonly speed?: SpeedSearch
}

/**
 * The recipe with a sparsity for each layer that is free to have one, as its allocation says, so that its sparsity, size
 * or speed is met; a recipe that names them all is done. A speed differs a little from run to run, and so do the
 * sparsities for it.
 *
 * @param batches calibration inputs, one tensor [N, C, H, W] per batch
 * @throws OUT_OF_REACH for a size or speed that cannot be met, naming what can
 */
export async function settleSparsities(
  model: Graph,
  batches: readonly Tensor[],
  known: Measurements,
  context: SettleContext,
): Promise<Settled> {
  const { recipe } = context
  const { budget, maxBytes, speedUp, maxMs } = recipe
  const timed = speedUp !== undefined || maxMs !== undefined
  if (isStructured(recipe)) return { recipe }
  const allocation = recipe.allocation === 'auto' ? 'progression' : recipe.allocation
  if (allocation === 'uniform' && maxBytes === undefined && !timed) return { recipe }
  const planned = planLayers(model, recipe).groups.flatMap((group) => group.members)
  const members = freeLayers(planned, recipe)
  if (members.length === 0) return { recipe }
  const found = looksAtLosses(allocation) ? await known.losses() : members.map(withoutLosses(timed ? [] : [1]))
  const free = context.warmStart ? found.map((layer) => fromItsZeros(model, layer)) : found
  if (timed) {
    const speed = await known.speed(() => sparsitiesForSpeed(model, batches[0]!, free, allocation, context))
    return { recipe: withSparsities(recipe, new Map(Object.entries(speed.sparsities))), speed }
  }
  const fixed = planned.filter((layer) => !members.includes(layer))
  const image = batches[0]!.shape.slice(1)
  const cost = budget === 'macs' ? macCost(sizedGraph(model, image) ?? model) : parameterCost
  const sparsities =
    maxBytes === undefined
      ? sparsitiesAt(free, cost, allocation, recipe.sparsity ?? DEFAULT_SPARSITY)
      : await sparsitiesForBytes(model, { free, fixed }, allocation, cost, maxBytes, recipe.weights)
  return { recipe: withSparsities(recipe, sparsities) }
}

/** Options of a layer that has zeros already, which stay: no fewer, and these lose nothing. */
function fromItsZeros(model: Graph, { planned, losses }: LayerLosses): LayerLosses {
  const sparsity = zeroUnits(model, planned)
  return { planned, losses: [{ sparsity, loss: 0 }, ...losses.filter((option) => option.sparsity > sparsity)] }
}

/** An allocation that does not look at losses has none: the options are there, and lose nothing. Times end below 1. */
const withoutLosses =
  (highest: readonly number[]) =>
  (planned: PlannedLayer): LayerLosses => ({
    planned,
    losses: [0, ...measuredSparsities, ...highest].map((sparsity) => ({ sparsity, loss: 0 })),
  })
