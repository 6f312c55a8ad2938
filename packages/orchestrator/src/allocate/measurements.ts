import type { Graph, Tensor } from '@tacojs/graph'
import type { Records } from '../resume/record.js'
import { planLayers } from '../prune/plan.js'
import { freeLayers } from './free-layers.js'
import { layerLosses, type LayerLosses } from './layer-losses.js'
import type { SettleContext } from './settle.js'
import type { SpeedSearch } from './sparsities-for-speed.js'

/** What an allocation knows of the layers, whatever the sparsity: measured when it is first needed, then kept. */
export interface Measurements {
  losses(): Promise<readonly LayerLosses[]>
  /** The speed that was searched for, or what `search` finds, which is then kept: timings differ from run to run. */
  speed(search: () => Promise<SpeedSearch>): Promise<SpeedSearch>
}

/** @param records where they outlive the process */
export function measurements(
  model: Graph,
  batches: readonly Tensor[],
  context: SettleContext,
  records: Records,
): Measurements {
  let losses: Promise<readonly LayerLosses[]> | undefined
  const measured = async (): Promise<readonly LayerLosses[]> => {
    const kept = await records.read(LOSSES)
    const free = freeLayers(
      planLayers(model, context.recipe).groups.flatMap((group) => group.members),
      context.recipe,
    )
    if (kept) {
      const table = new Map(kept.note as (readonly [string, LayerLosses['losses']])[])
      return free.map((planned) => ({ planned, losses: table.get(planned.layer.name)! }))
    }
    const found = await layerLosses(model, batches, context)
    await records.write(LOSSES, {
      tensors: new Map(),
      note: found.map(({ planned, losses }) => [planned.layer.name, losses]),
    })
    return found
  }
  return {
    losses: () => (losses ??= measured()),
    speed: async (search) => {
      const { speedUp, maxMs, allocation } = context.recipe
      const name = `speed-${speedUp ?? 0}-${maxMs ?? 0}-${allocation}`
      const kept = await records.read(name)
      if (kept) return kept.note as SpeedSearch
      const found = await search()
      await records.write(name, { tensors: new Map(), note: found })
      return found
    },
  }
}

const LOSSES = 'layer-losses'
