import { checkpoint } from '@tacojs/errors'
import { withInitializers, type Graph, type Initializer, type Tensor } from '@tacojs/graph'
import { createStepper } from '@tacojs/runtime'
import { solveLayer } from '@tacojs/solver'
import { assemble } from './assemble.js'
import { advanceDense, collect } from './collect.js'
import type { PruneContext } from './context.js'
import { readGroups, writeLayer, type PrunedLayer } from './layer-record.js'
import { layerReport, type LayerReport } from './layer-report.js'
import { planLayers, type LayerGroup } from './plan.js'
import { expectedShare, repeatWarning, samplings } from './sampling.js'
import { workload } from './workload.js'

export interface Pruned {
  readonly graph: Graph
  readonly layers: readonly LayerReport[]
}

/**
 * One-shot pruning of a network, layer by layer. Two streams advance together: the dense one gives each layer's
 * target, the sparse one its input, with everything before it already pruned. Up to the first layer they are one.
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
  const { backend, linalg, recipe, records, signal, time = async (_part, work) => work() } = context
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

  const images = batches.reduce((sum, batch) => sum + batch.shape[0]!, 0)
  const work = workload(
    graph,
    groups.map(({ members }) => members),
    { images, share: expectedShare(recipe), kept: kept.length },
  )
  const onWeighed = (seen: number): void =>
    context.onLayer?.(0, total, `weights of positions, image ${seen} of ${images}`, work.weighed(seen))
  context.onLayer?.(0, total, 'first layers', 0)
  const sampling = await time('weights', () => samplings(graph, groups, batches, { ...context, onWeighed }))
  const inputs = batches.map((batch) => ({ [graph.inputs[0]!.name]: batch }))
  const sparse = createStepper(backend, graph, inputs, { compile: { threads: context.threads }, signal })
  await time('capture', () => sparse.advanceBefore(groups[0]!.before))
  const dense = recipe.target === 'sparse' ? undefined : sparse.fork()

  const solveMembers = async (g: number, first: number): Promise<PrunedLayer[]> => {
    const group = groups[g]!
    const problems = await time('statistics', () => collect(linalg, graph, group, { sparse, dense }, sampling[g]!))
    const solved: PrunedLayer[] = []
    for (const [m, member] of group.members.entries()) {
      const solutions = await time('solve', () =>
        problems[m]!.map((problem, part) => {
          const allowed = context.warmStart ? Uint8Array.from(problem.weights, (w) => Number(w !== 0)) : undefined
          const rowWeights = sampling[g]!.outputs?.[m]!.subarray(part * problem.rows, (part + 1) * problem.rows)
          const options = { ...member.settings, allowed, rowWeights, damp: recipe.damp, refit: recipe.refit, signal }
          return solveLayer(linalg, problem, options)
        }),
      )
      const { nonzeros, ...weights } = assemble(graph, member.layer, solutions)
      const layer = { ...weights, report: layerReport(member, problems[m]!, solutions, nonzeros) }
      await writeLayer(records, first + m, layer)
      solved.push(layer)
    }
    return solved
  }
  // An earlier run's layers go through the streams in the same steps, so that the rest comes out to the last bit.
  for (const [g, group] of groups.entries()) {
    const { members } = group
    await checkpoint(signal)
    context.onLayer?.(reports.length, total, members[0]!.layer.name, work.solved(g))
    await time('capture', async () => {
      await advanceDense(dense, group)
      await sparse.advanceBefore(group.before)
    })
    finish(group, kept[g] ?? (await solveMembers(g, reports.length)))
    sparse.replace(changed)
  }
  return result()
}
