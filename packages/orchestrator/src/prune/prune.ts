import { checkpoint } from '@tacojs/errors'
import { withInitializers, type Graph, type Initializer, type Tensor } from '@tacojs/graph'
import { solveLayer, type Solution } from '@tacojs/solver'
import { assemble } from './assemble.js'
import type { PruneContext } from './context.js'
import { groupSparsities } from './layer-budget.js'
import { readGroups, writeLayer, type PrunedLayer } from './layer-record.js'
import { layerReport, type LayerReport } from './layer-report.js'
import { planLayers, type LayerGroup } from './plan.js'
import { repeatWarning } from './sampling.js'
import { startWalk } from './walk.js'

export interface Pruned {
  readonly graph: Graph
  readonly layers: readonly LayerReport[]
}

/**
 * One-shot pruning of a network, layer by layer, on the way that `startWalk` describes.
 *
 * @param batches calibration inputs, one tensor [N, C, H, W] per batch
 */
export async function prune(
  model: Graph,
  batches: readonly Tensor[],
  context: PruneContext & {
    /** Zeros of the model stay zero. */
    readonly warmStart?: boolean
  },
): Promise<Pruned> {
  const { linalg, recipe, records, signal, time = async (_part, work) => work() } = context
  const { graph, groups } = planLayers(model, recipe)
  const total = groups.reduce((sum, { members }) => sum + members.length, 0)
  const changed = new Map<string, Initializer>()
  const reports: LayerReport[] = []
  const finish = ({ members }: LayerGroup, pruned: readonly PrunedLayer[]): void => {
    for (const [m, { weight, bias, report }] of pruned.entries()) {
      const { layer } = members[m]!
      changed.set(layer.weight, { tensor: weight, sparsity: { pattern: report.pattern, nonzeros: report.nonzeros } })
      if (bias) changed.set(layer.bias!, { tensor: bias })
      reports.push(report)
    }
  }
  const result = (): Pruned => {
    context.onLayer?.(total, total, 'done')
    return { graph: withInitializers(graph, changed), layers: reports }
  }
  const kept = await readGroups(records, groups)
  if (kept.length === groups.length) {
    await repeatWarning(context)
    for (const [g, group] of groups.entries()) finish(group, kept[g]!)
    return result()
  }

  const walk = await startWalk(graph, groups, batches, kept.length, context)
  const solveMembers = async (g: number, first: number): Promise<PrunedLayer[]> => {
    const { problems, sampling } = await walk.problems()
    const solved: PrunedLayer[] = []
    for (const [m, member] of groups[g]!.members.entries()) {
      const { pattern, sparsity } = member.settings
      const allowed = context.warmStart
        ? problems[m]!.map(({ weights }) => Uint8Array.from(weights, (w) => Number(w !== 0)))
        : undefined
      const sparsities = groupSparsities(member.layer, pattern, sparsity, allowed)
      const solutions: Solution[] = []
      for (const [part, problem] of problems[m]!.entries()) {
        await checkpoint(signal)
        const rowWeights = sampling.outputs?.[m]!.subarray(part * problem.rows, (part + 1) * problem.rows)
        const own = { ...member.settings, sparsity: sparsities[part], allowed: allowed?.[part], rowWeights }
        const options = { ...own, damp: recipe.damp, refit: recipe.refit, signal }
        solutions.push(await time('solve', () => solveLayer(linalg, problem, options)))
      }
      const { nonzeros, ...weights } = assemble(graph, member.layer, solutions)
      const layer = { ...weights, report: layerReport(member, problems[m]!, solutions, nonzeros) }
      await writeLayer(records, first + m, layer)
      solved.push(layer)
    }
    return solved
  }
  for (const [g, group] of groups.entries()) {
    await walk.advance()
    finish(group, kept[g] ?? (await solveMembers(g, reports.length)))
    walk.replace(changed)
  }
  return result()
}
