import type { Graph, Tensor } from '@tacojs/graph'
import type { Backend } from '@tacojs/runtime'
import type { Numerics } from '@tacojs/solver'
import { measurements } from './allocate/measurements.js'
import { settleSparsities, type Settled } from './allocate/settle.js'
import type { OnStep, Stage, StageTimer } from './progress.js'
import { WEIGHTS } from './prune/layer-record.js'
import { prune, type Pruned } from './prune/prune.js'
import { isStructured } from './consistent.js'
import type { Recipe } from './recipe.js'
import { roundSpecialist } from './round-specialist.js'
import { fingerprints } from './resume/fingerprint.js'
import { memoryRecords, withShared } from './resume/shared-records.js'
import type { WorkFolder } from './resume/work-folder.js'
import { pruneStructured, type StructuredResult } from './structured/prune-structured.js'

/** A pruned network, with what was done to its layers, or to its groups of units. */
export type Specialist = Pruned &
  Partial<Pick<StructuredResult, 'groups' | 'leftAlone'>> & {
    /** The sparsities that it has, and the speed that they were found for. */
    readonly settled: Settled
  }

export interface PrunerContext {
  readonly backend: Backend
  readonly linalg: Numerics
  readonly recipe: Recipe
  /** Zeros of the model stay zero. */
  readonly warmStart: boolean
  readonly threads: number
  readonly signal?: AbortSignal
  /** Where finished layers outlive the process. */
  readonly work?: WorkFolder
  readonly timer: StageTimer
  readonly progress: (stage: Stage) => OnStep
  readonly warn: (text: string) => void
}

/**
 * Fields of a recipe on which what is measured of the layers does not depend: where a target is out of reach, the next one
 * has it already.
 */
const TARGETS = ['sparsity', 'allocation', 'budget', 'maxBytes', 'speedUp', 'maxMs', 'maxDrop']

/** Gives the specialist of the recipe, or of the recipe with another sparsity. */
export type Pruner = (sparsity?: number, onLayer?: OnStep) => Promise<Specialist>

/**
 * Pruning of a model on calibration inputs, one tensor [N, C, H, W] per batch: shares the zeros among the layers, then
 * prunes them. What does not depend on the sparsity (the task's weights, what an allocation knows of the layers) is
 * computed once for all.
 */
export async function createPruner(
  model: Graph,
  inputs: readonly Tensor[],
  stage: 'prune' | 'prune-control',
  { backend, linalg, recipe, warmStart, threads, signal, work, timer, progress, warn }: PrunerContext,
): Promise<Pruner> {
  const hashed = fingerprints(model, inputs)
  // 'auto' is decided by where the model comes from, which is no part of it
  const fingerprint = (asked: Recipe, leaveOut?: readonly string[]) =>
    hashed(isStructured(asked) ? asked : { ...asked, warmStart }, leaveOut)
  const shared = (await work?.stage(`${stage}-measured`, fingerprint(recipe, TARGETS))) ?? memoryRecords()
  const settling = { backend, linalg, recipe, warmStart, threads, signal, onLayer: progress('allocate') }
  const known = measurements(model, inputs, settling, shared)
  return async (sparsity, onLayer = progress(stage)) => {
    const asked = sparsity === undefined ? recipe : { ...recipe, sparsity }
    const settled: Settled = await timer.time('allocate', () =>
      settleSparsities(model, inputs, known, { ...settling, recipe: asked }),
    )
    const folder = sparsity === undefined ? stage : `${stage}-${sparsity}`
    const records = withShared(await work?.stage(folder, fingerprint(settled.recipe)), shared, [WEIGHTS])
    const context = {
      ...{ backend, linalg, recipe: settled.recipe, threads, signal, records, onLayer },
      time: <T>(part: 'weights' | 'capture' | 'statistics' | 'solve', run: () => Promise<T> | T) =>
        timer.time(`${stage}/${part}`, run),
      onWarning: warn,
    }
    const pruned = await timer.time(stage, async () =>
      isStructured(recipe)
        ? { ...(await pruneStructured(model, inputs, context)), layers: [], settled }
        : { ...(await prune(model, inputs, { ...context, warmStart })), settled },
    )
    return roundSpecialist(pruned, recipe.weights, warn)
  }
}

/** Share of the layers' weights that are zero, or of the groups' units that went. */
export function prunedShare({ layers, groups }: Pick<Specialist, 'layers' | 'groups'>): number {
  const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0)
  if (groups) return 1 - sum(groups.map((g) => g.unitsAfter)) / sum(groups.map((g) => g.unitsBefore))
  return 1 - sum(layers.map((l) => l.nonzeros)) / sum(layers.map((l) => l.rows * l.cols))
}
