import { checkpoint, TacoError } from '@tacojs/errors'
import { channelGroups, prunableLayers, removeUnits, withInitializers } from '@tacojs/graph'
import type { ChannelGroup, Graph, Initializer, Tensor } from '@tacojs/graph'
import type { Linalg } from '@tacojs/linalg'
import { createStepper, type Backend } from '@tacojs/runtime'
import { assemble } from '../prune/assemble.js'
import { collect } from '../prune/collect.js'
import { planLayers, type Plan, type PlannedLayer } from '../prune/plan.js'
import type { Recipe } from '../recipe.js'
import { solveGroup, type GroupSolution } from './solve-group.js'

export interface GroupReport {
  /** The layer that sums over the units. */
  readonly name: string
  /** Its node in the graph. */
  readonly node: string
  /** Nodes whose rows the units are. */
  readonly producers: readonly string[]
  readonly unitsBefore: number
  readonly unitsAfter: number
  /** ‖Y − ŴX‖² / ‖Y‖² on the calibration images, Y the centred target. */
  readonly relativeError: number
  /** The same for the best weights with all units. */
  readonly relativeFloor: number
  readonly lambda: number
  /** How often the damping had to grow by ten before H could be factored. */
  readonly escalations: number
}

export interface StructuredResult {
  /** Really smaller: what went is in no weight any more. */
  readonly graph: Graph
  readonly groups: readonly GroupReport[]
  /** Layers before which units share statistics, so that taking one out changes the others: they keep all units. */
  readonly left: readonly string[]
}

/**
 * Structured pruning: hidden units, inner channels and attention heads go as a whole, and the network gets smaller. The
 * groups are visited in the order of the network. The consumer's layer problem is that of `prune`: inputs with all
 * groups before already pruned, targets from the dense network. Group OBS chooses the units, the consumer's remaining
 * weights are fitted again, and in the end the producers lose their rows. Until then the consumer has zeros in the place
 * of what went, which computes the same.
 *
 * @param batches calibration inputs, one tensor [N, C, H, W] per batch
 * @param context.share share of the units that go from each group, rounded down; one always stays
 * @param context.recipe what else decides: `keep`, `layers`, `target`, `damp`, `positions`
 * @throws INVALID_ARGUMENT for a share that is not in [0, 1], a name pattern that matches nothing, and where no group
 *   could lose units
 */
export async function pruneStructured(
  model: Graph,
  batches: readonly Tensor[],
  context: {
    readonly backend: Backend
    readonly linalg: Linalg
    readonly share: number
    readonly recipe: Recipe
    readonly threads?: number
    readonly signal?: AbortSignal
    readonly onGroup?: (done: number, total: number, name: string) => void
  },
): Promise<StructuredResult> {
  const { backend, linalg, share, recipe, signal } = context
  if (!(share >= 0 && share <= 1)) {
    throw new TacoError('INVALID_ARGUMENT', `share ${share}: give a number from 0 (none) to 1 (all units but one)`)
  }
  // the pattern is of no concern to what is planned here: which layers may change, and what they aim at
  const plan = planLayers(model, { ...recipe, pattern: 'unstructured' })
  const { graph } = plan
  const found = groupsOf(plan)
  const groups = found.filter(({ group }) => group.exact)
  const left = found.filter(({ group }) => !group.exact).map(({ group }) => group.consumer.name)
  if (groups.length === 0) {
    const why = left.length > 0 ? ` (those before ${left[0]} share statistics)` : ''
    throw new TacoError(
      'INVALID_ARGUMENT',
      `structured pruning: no channels or heads could go${why}; choose another pattern, or keep fewer layers dense`,
    )
  }
  const images = batches.map((batch) => batch.shape[0]!)
  const inputs = batches.map((batch) => ({ [graph.inputs[0]!.name]: batch }))
  const sparse = createStepper(backend, graph, inputs, { compile: { threads: context.threads }, signal })
  await sparse.advanceBefore(groups[0]!.planned.node.name)
  const dense = recipe.target === 'sparse' ? undefined : sparse.fork()
  const changed = new Map<string, Initializer>()
  const solutions: GroupSolution[] = []

  for (const [i, { group, planned }] of groups.entries()) {
    const { layer, node } = planned
    await checkpoint(signal)
    context.onGroup?.(i, groups.length, layer.name)
    await dense?.advancePast(node.name)
    await sparse.advanceBefore(node.name)
    const one = { input: node.inputs[0]!, members: [planned] }
    const [problems] = collect(linalg, graph, one, { sparse, dense }, { images, share: recipe.positions })
    const solution = solveGroup(linalg, problems![0]!, group, { share, damp: recipe.damp, signal })
    const { weight, bias } = assemble(graph, layer, [solution])
    changed.set(layer.weight, { tensor: weight })
    if (bias) changed.set(layer.bias!, { tensor: bias })
    sparse.replace(changed)
    solutions.push(solution)
  }
  context.onGroup?.(groups.length, groups.length, 'done')
  return {
    graph: groups.reduce(
      (smaller, { group }, i) => removeUnits(smaller, group, solutions[i]!.removed),
      withInitializers(graph, changed),
    ),
    groups: groups.map(({ group }, i) => reportOf(group, solutions[i]!)),
    left,
  }
}

/** The groups none of whose layers is to stay dense, or shares its weight with other nodes. */
function groupsOf({ graph, groups }: Plan): { group: ChannelGroup; planned: PlannedLayer }[] {
  const planned = new Map(groups.flatMap(({ members }) => members.map((member) => [member.node.name, member])))
  const prunable = new Set(prunableLayers(graph).map((layer) => layer.node))
  return channelGroups(graph).flatMap((group) => {
    const consumer = planned.get(group.consumer.node)
    const free = group.producers.every((node) => planned.has(node) || !prunable.has(node))
    return consumer && free ? [{ group, planned: consumer }] : []
  })
}

const reportOf = ({ consumer, producers, units }: ChannelGroup, solution: GroupSolution): GroupReport => ({
  name: consumer.name,
  node: consumer.node,
  producers,
  unitsBefore: units.length,
  unitsAfter: units.length - solution.removed.length,
  relativeError: solution.relativeError,
  relativeFloor: solution.relativeFloor,
  lambda: solution.lambda,
  escalations: solution.escalations,
})
