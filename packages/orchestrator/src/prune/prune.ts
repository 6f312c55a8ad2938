import { checkpoint, isTacoError } from '@tacojs/errors'
import { withInitializers, type Graph, type Initializer, type Tensor } from '@tacojs/graph'
import type { Linalg } from '@tacojs/linalg'
import { createStepper, type Backend } from '@tacojs/runtime'
import { solveLayer } from '@tacojs/solver'
import type { PrunePart } from '../progress.js'
import type { Recipe } from '../recipe.js'
import type { Records } from '../work/record.js'
import { assemble } from './assemble.js'
import { collect, type Sampling } from './collect.js'
import { keptWeights, readGroup, writeLayer, type PrunedLayer } from './layer-record.js'
import { layerReport, type LayerReport } from './layer-report.js'
import { planLayers, type LayerGroup } from './plan.js'
import { positionWeights, type PositionWeights } from './position-weights.js'

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
  context: {
    readonly backend: Backend
    readonly linalg: Linalg
    readonly recipe: Recipe
    /** Zeros of the model stay zero. */
    readonly warmStart?: boolean
    readonly threads?: number
    readonly signal?: AbortSignal
    /** Keeps finished layers; those that it has already are not solved again. */
    readonly records?: Records
    /** Measures a part; it only calls it unless given. */
    readonly time?: <T>(part: PrunePart, work: () => Promise<T> | T) => Promise<T>
    readonly onLayer?: (done: number, total: number, name: string) => void
    readonly onWarning?: (text: string) => void
  },
): Promise<Pruned> {
  const { backend, linalg, recipe, records, signal, time = async (_part, work) => work() } = context
  const { graph, groups } = planLayers(model, recipe)
  const weights = await time('weights', () => keptWeights(records, () => weightsFor(graph, groups, batches, context)))
  const total = groups.reduce((sum, { members }) => sum + members.length, 0)
  const images = batches.map((batch) => batch.shape[0]!)
  const inputs = batches.map((batch) => ({ [graph.inputs[0]!.name]: batch }))
  const sparse = createStepper(backend, graph, inputs, { compile: { threads: context.threads }, signal })
  await time('capture', () => sparse.advanceBefore(groups[0]!.members[0]!.node.name))
  const dense = recipe.target === 'sparse' ? undefined : sparse.fork()
  const changed = new Map<string, Initializer>()
  const reports: LayerReport[] = []

  const sampling = (g: number): Sampling => {
    const own = weights?.[g]
    return { images, share: recipe.positions, ...(own ? { weights: (image) => own[image]! } : {}) }
  }
  const solveMembers = async (g: number, first: number): Promise<PrunedLayer[]> => {
    const group = groups[g]!
    const problems = await time('statistics', () => collect(linalg, graph, group, { sparse, dense }, sampling(g)))
    const solved: PrunedLayer[] = []
    for (const [m, member] of group.members.entries()) {
      const solutions = await time('solve', () =>
        problems[m]!.map((problem) => {
          const allowed = context.warmStart ? Uint8Array.from(problem.weights, (w) => Number(w !== 0)) : undefined
          const options = { ...member.settings, allowed, damp: recipe.damp, refit: recipe.refit, signal }
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
    context.onLayer?.(reports.length, total, members[0]!.layer.name)
    await time('capture', async () => {
      await dense?.advancePast(members[members.length - 1]!.node.name)
      await sparse.advanceBefore(members[0]!.node.name)
    })
    const pruned = (await readGroup(records, reports.length, group)) ?? (await solveMembers(g, reports.length))
    for (const [m, { weight, bias, report }] of pruned.entries()) {
      const { layer } = members[m]!
      changed.set(layer.weight, { tensor: weight, sparsity: { pattern: report.pattern, nonzeros: report.nonzeros } })
      if (bias) changed.set(layer.bias!, { tensor: bias })
      reports.push(report)
    }
    sparse.replace(changed)
  }
  context.onLayer?.(total, total, 'done')
  return { graph: withInitializers(graph, changed), layers: reports }
}

/** By default where the target is the residual stream; undefined where all positions count alike. */
async function weightsFor(
  graph: Graph,
  groups: readonly LayerGroup[],
  batches: readonly Tensor[],
  context: Parameters<typeof prune>[2],
): Promise<PositionWeights | undefined> {
  const { backend, recipe, threads, signal } = context
  const auto = recipe.positionWeights === 'auto'
  const streams = groups.some(({ members }) => members.some(({ write }) => write && !write.rectified))
  if (recipe.positionWeights === false || (auto && !streams)) return undefined
  try {
    return await positionWeights(graph, groups, batches, { backend, seed: recipe.seed, threads, signal })
  } catch (error) {
    if (!auto || !isTacoError(error) || error.code !== 'UNSUPPORTED') throw error
    context.onWarning?.(`all positions count alike, for their weights cannot be had: ${error.message}`)
    return undefined
  }
}
