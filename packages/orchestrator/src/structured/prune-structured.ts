import {
  removeUnits,
  withInitializers,
  type Graph,
  type Initializer,
  type PrunableLayer,
  type Tensor,
} from '@tacojs/graph'
import type { Numerics } from '@tacojs/solver'
import { assemble } from '../prune/assemble.js'
import type { PruneContext } from '../prune/context.js'
import { repeatWarning } from '../prune/sampling.js'
import { startWalk } from '../prune/walk.js'
import { readPrunedGroups, writePrunedGroup, type PrunedGroup } from './group-record.js'
import { groupReport, type GroupReport } from './group-report.js'
import { planStructured, type LeftAlone } from './plan-structured.js'
import { solveGroup } from './solve-group.js'

export interface StructuredResult {
  /** Really smaller: what went is in no weight any more. */
  readonly graph: Graph
  readonly groups: readonly GroupReport[]
  readonly leftAlone: readonly LeftAlone[]
}

/**
 * Structured pruning: hidden units, inner channels and attention heads go as a whole, and the network gets smaller. The
 * groups are visited in the order of the network. The consumer's layer problem is that of `prune`: inputs with all
 * groups before already pruned, targets from the dense network. Group OBS (or magnitude) chooses the units, the consumer's
 * remaining weights are fitted again, and in the end the producers lose their rows. Until then the consumer has zeros in
 * the place of what went, which computes the same.
 *
 * From each group goes the share of its units that the recipe gives as the consumer's sparsity, rounded down; one always
 * stays, of several branches one of each.
 *
 * @param batches calibration inputs, one tensor [N, C, H, W] per batch
 * @throws INVALID_ARGUMENT as `planStructured` does
 */
export async function pruneStructured(
  model: Graph,
  batches: readonly Tensor[],
  context: PruneContext & { readonly linalg: Numerics },
): Promise<StructuredResult> {
  const { linalg, recipe, records, signal, time = async (_part, work) => work() } = context
  const { graph, groups, leftAlone } = planStructured(model, recipe)
  const result = (pruned: readonly PrunedGroup[]): StructuredResult => {
    context.onLayer?.(groups.length, groups.length, 'done')
    const changed = new Map(groups.flatMap(({ planned: { layer } }, i) => changes(layer, pruned[i]!)))
    return {
      graph: groups.reduce(
        (smaller, { group }, i) => removeUnits(smaller, group, pruned[i]!.removed),
        withInitializers(graph, changed),
      ),
      groups: pruned.map(({ report }) => report),
      leftAlone,
    }
  }
  const kept = await readPrunedGroups(
    records,
    groups.map(({ planned }) => planned.layer.name),
  )
  if (kept.length === groups.length) {
    await repeatWarning(context)
    return result(kept)
  }

  const layers = groups.map(({ planned }) => ({
    input: planned.node.inputs[0]!,
    before: planned.node.name,
    members: [planned],
  }))
  const walk = await startWalk(graph, layers, batches, kept.length, context)
  const pruned: PrunedGroup[] = []

  const solve = async (i: number): Promise<PrunedGroup> => {
    const { group, planned } = groups[i]!
    const { problems, sampling } = await walk.problems()
    const method = recipe.method === 'magnitude' ? recipe.method : undefined
    const options = {
      ...{ share: planned.settings.sparsity!, method, refit: recipe.refit, damp: recipe.damp, signal },
      rowWeights: sampling.outputs?.[0],
    }
    const solution = await time('solve', () => solveGroup(linalg, problems[0]![0]!, group, options))
    const { weight, bias } = assemble(graph, planned.layer, [solution])
    const { removed } = solution
    const solved = { weight, ...(bias ? { bias } : {}), removed, report: groupReport(groups[i]!, solution) }
    await writePrunedGroup(records, i, solved)
    return solved
  }
  for (const i of groups.keys()) {
    await walk.advance()
    pruned.push(kept[i] ?? (await solve(i)))
    walk.replace(new Map(groups.slice(0, i + 1).flatMap(({ planned: p }, g) => changes(p.layer, pruned[g]!))))
  }
  return result(pruned)
}

/** The layer's tensors, with zeros for what goes. */
const changes = (layer: PrunableLayer, { weight, bias }: PrunedGroup): [string, Initializer][] => [
  [layer.weight, { tensor: weight }],
  ...(bias ? [[layer.bias!, { tensor: bias }] satisfies [string, Initializer]] : []),
]
