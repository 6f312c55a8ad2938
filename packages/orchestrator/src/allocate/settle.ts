import { float32, type Graph, type Tensor } from '@tacojs/graph'
import type { Linalg } from '@tacojs/linalg'
import { measureLatency, type Backend } from '@tacojs/runtime'
import { planLayers, type PlannedLayer } from '../prune/plan.js'
import type { Recipe } from '../recipe.js'
import { allocate, withSparsities } from './allocate.js'
import { sparsitiesAt, sparsitiesForBytes } from './choose-sparsities.js'
import { freeLayers } from './free-layers.js'
import { latencyBudget, latencyCost, macCost, parameterCost } from './costs.js'
import { layerLatencies } from './layer-latency.js'
import { measuredSparsities, type LayerLosses } from './layer-losses.js'
import type { Measurements } from './measurements.js'

export interface SettleContext {
  readonly backend: Backend
  readonly linalg: Linalg
  readonly recipe: Recipe
  readonly threads?: number
  readonly signal?: AbortSignal
  readonly onLayer?: (done: number, total: number, name: string) => void
}

/**
 * The recipe with a sparsity for each layer that is free to have one, as its allocation says, so that its
 * sparsity, size or speed is met; a recipe that names them all is done. A speed-up is a prediction from layers that were timed alone; the result is to be timed. It differs a little from
 * run to run: the sparsities that were found are in the layers' reports.
 *
 * @param batches calibration inputs, one tensor [N, C, H, W] per batch
 * @throws INVALID_ARGUMENT for a size or speed that cannot be met, naming what can
 */
export async function settleSparsities(
  model: Graph,
  batches: readonly Tensor[],
  known: Measurements,
  context: SettleContext,
): Promise<Recipe> {
  const { recipe } = context
  const { allocation, budget, maxBytes, speedUp } = recipe
  const chosen = maxBytes !== undefined || speedUp !== undefined
  if (allocation === 'uniform' && !chosen) return recipe
  const members = freeLayers(
    planLayers(model, recipe).groups.flatMap((group) => group.members),
    recipe,
  )
  if (members.length === 0) return recipe
  const free = allocation === 'uniform' ? members.map(withoutLosses) : await known.losses()
  if (speedUp !== undefined) {
    return withSparsities(recipe, await sparsitiesForSpeed(model, batches[0]!, free, allocation, speedUp, context))
  }
  const cost = budget === 'macs' ? macCost(model) : parameterCost
  const sparsities =
    maxBytes === undefined
      ? sparsitiesAt(free, cost, allocation, recipe.sparsity ?? 0)
      : await sparsitiesForBytes(model, free, allocation, cost, maxBytes, recipe.weights)
  return withSparsities(recipe, sparsities)
}

/** One sparsity for all needs no losses: the options are there, and lose nothing. */
const withoutLosses = (planned: PlannedLayer): LayerLosses => ({
  planned,
  losses: [0, ...measuredSparsities].map((sparsity) => ({ sparsity, loss: 0 })),
})

async function sparsitiesForSpeed(
  model: Graph,
  batch: Tensor,
  free: readonly LayerLosses[],
  method: Recipe['allocation'],
  speedUp: number,
  { backend, threads, signal, onLayer }: SettleContext,
): Promise<ReadonlyMap<string, number>> {
  const [, ...image] = batch.shape
  const layers = free.map(({ planned }) => planned.layer)
  const options = [0, ...measuredSparsities]
  const table = await layerLatencies(model, layers, options, { backend, image, threads, signal, onLayer })
  const program = await backend.compile(model, { threads })
  try {
    const size = image.reduce((a, b) => a * b, 1)
    const one = float32([1, ...image], (batch.data as Float32Array).slice(0, size))
    const [dense] = await measureLatency([program], { [model.inputs[0]!.name]: one }, { signal })
    const alone = table.reduce((sum, row) => sum + row[0]!, 0)
    return allocate(free, latencyCost(layers, options, table), method, latencyBudget(dense!.medianMs, alone, speedUp))
  } finally {
    program.dispose()
  }
}
