import { TacoError } from '@tacojs/errors'
import { float32, type Graph, type Tensor } from '@tacojs/graph'
import { measureLatency, type Backend, type Program } from '@tacojs/runtime'
import { planLayers } from '../prune/plan.js'
import type { Recipe } from '../recipe.js'
import type { AllocationMethod } from './allocate.js'
import { sparsitiesAt } from './choose-sparsities.js'
import { latencyCost } from './costs.js'
import { layerLatencies } from './layer-latency.js'
import type { LayerLosses } from './layer-losses.js'
import { measuredSparsities } from './measured-sparsities.js'
import { withRandomZeros } from './random-zeros.js'
import { searchSparsity } from './search.js'

/** Sparsities for a speed, and what they were seen to give before anything was pruned. */
export interface SpeedSearch {
  /** By layer. */
  readonly sparsities: Readonly<Record<string, number>>
  /** The most milliseconds that one image may take. */
  readonly goalMs: number
  /** Of the network with zeros at random places. */
  readonly predictedMs: number
}

/** Timed runs of each network; the median counts. */
const runs = 9

/** What is kept is found to this share of itself: about what repeated timings differ by. */
const tolerance = 0.04

const highest = 0.99

/** Networks that are timed where the search goes on to its end: the sparsest, the dense one, and then by halves. */
const networks = 2 + Math.ceil(Math.log2(-Math.log(1 - highest) / Math.log1p(tolerance)))

/**
 * The fewest zeros with which one image takes no longer than `maxMs`, or 1/`speedUp` of what the dense network takes. How
 * the layers share them is decided by the times of each layer alone; whether they are enough, by the time of the whole
 * network with as many zeros at random places, beside the dense one, so that a drift of the machine's speed meets both.
 *
 * @param batch whose first image serves
 * @throws OUT_OF_REACH where no sparsity is enough, naming the least
 */
export async function sparsitiesForSpeed(
  model: Graph,
  batch: Tensor,
  free: readonly LayerLosses[],
  method: AllocationMethod,
  {
    backend,
    recipe,
    threads,
    signal,
    onLayer,
  }: {
    readonly backend: Backend
    readonly recipe: Recipe
    readonly threads?: number
    readonly signal?: AbortSignal
    readonly onLayer?: (done: number, total: number, name: string) => void
  },
): Promise<SpeedSearch> {
  const [, ...image] = batch.shape
  const { graph, groups } = planLayers(model, recipe)
  const planned = groups.flatMap((group) => group.members)
  const options = [0, ...measuredSparsities]
  const own = free.map((losses) => losses.planned)
  const table = await layerLatencies(graph, own, options, { backend, image, threads, signal, onLayer })
  const cost = latencyCost(
    own.map(({ layer }) => layer),
    options,
    table,
  )
  const size = image.reduce((a, b) => a * b, 1)
  const one = { [model.inputs[0]!.name]: float32([1, ...image], (batch.data as Float32Array).slice(0, size)) }
  const dense = await backend.compile(model, { threads })
  let timed = 0
  const measured = async (sparsity: number) => {
    onLayer?.(timed++, networks, `the network with ${Math.round(100 * sparsity)} % zeros`)
    const found = sparsitiesAt(free, cost, method, sparsity)
    const zeros = (name: string): number =>
      found.get(name) ?? planned.find(({ layer }) => layer.name === name)!.settings.sparsity!
    let program: Program | undefined
    try {
      program = await backend.compile(withRandomZeros(graph, planned, zeros), { threads })
      const [before, after] = await measureLatency([dense, program], one, { runs, signal })
      return { found, ms: after!.medianMs, goalMs: recipe.maxMs ?? before!.medianMs / recipe.speedUp! }
    } finally {
      program?.dispose()
    }
  }
  try {
    const least = await measured(highest)
    if (least.ms > least.goalMs) throw tooFast(recipe, least)
    let best = least
    await searchSparsity(
      async (sparsity) => {
        const attempt = await measured(sparsity)
        const enough = attempt.ms <= attempt.goalMs
        if (enough) best = attempt
        return enough
      },
      { good: highest, wish: 0, tolerance, signal },
    )
    onLayer?.(networks, networks, 'done')
    return { sparsities: Object.fromEntries(best.found), goalMs: best.goalMs, predictedMs: best.ms }
  } finally {
    dense.dispose()
  }
}

function tooFast({ maxMs, speedUp }: Recipe, { ms, goalMs }: { ms: number; goalMs: number }): TacoError {
  const asked = maxMs === undefined ? `a speed-up of ${speedUp} (${goalMs.toFixed(1)} ms)` : `${maxMs} ms`
  return new TacoError(
    'OUT_OF_REACH',
    `${asked} cannot be had: with ${100 * highest} % zeros one image still takes ${ms.toFixed(1)} ms here; allow that, prune more layers, or take another backend`,
  )
}
