import { TacoError } from '@tacojs/errors'
import { channelGroups, prunableLayers, type ChannelGroup, type Graph } from '@tacojs/graph'
import { planLayers, type Plan, type PlannedLayer } from '../prune/plan.js'
import type { Recipe } from '../recipe.js'

/** Channels that go together, and the layer that sums over them as `prune` would plan it. */
export interface PlannedGroup {
  readonly group: ChannelGroup
  readonly planned: PlannedLayer
}

export interface StructuredPlan {
  readonly graph: Graph
  /** In the order of the network. */
  readonly groups: readonly PlannedGroup[]
  /** What a person should know about groups whose channels share statistics. */
  readonly warning?: string
}

/**
 * Which groups lose units: those none of whose layers is to stay dense, or shares its weight with other nodes. Taking
 * units from a group that shares statistics over its channels (ConvNeXt V2's GRN) changes the others, so those keep all,
 * unless there are no other groups.
 *
 * @throws INVALID_ARGUMENT as `planLayers` does, and where no group could lose units
 */
export function planStructured(model: Graph, recipe: Recipe): StructuredPlan {
  // the pattern is of no concern to what is planned here: which layers may change, what they aim at, and their shares
  const plan = planLayers(model, { ...recipe, pattern: 'unstructured' })
  const { graph } = plan
  const found = groupsOf(plan)
  if (found.length === 0) {
    throw new TacoError(
      'INVALID_ARGUMENT',
      'structured pruning: no channels or heads could go; choose another pattern, or keep fewer layers dense',
    )
  }
  const exact = found.filter(({ group }) => group.exact)
  if (exact.length === found.length) return { graph, groups: found }
  const names = found.flatMap(({ group }) => (group.exact ? [] : [group.consumer.name])).join(', ')
  return exact.length > 0
    ? { graph, groups: exact, warning: `keep all units, for these share statistics: those before ${names}` }
    : {
        graph,
        groups: found,
        warning: `units that go change the statistics of those that stay, so errors of groups are estimates: those before ${names}`,
      }
}

function groupsOf({ graph, groups }: Plan): PlannedGroup[] {
  const planned = new Map(groups.flatMap(({ members }) => members.map((member) => [member.node.name, member])))
  const prunable = new Set(prunableLayers(graph).map((layer) => layer.node))
  return channelGroups(graph).flatMap((group) => {
    const consumer = planned.get(group.consumer.node)
    const free = group.producers.every((node) => planned.has(node) || !prunable.has(node))
    return consumer && free ? [{ group, planned: consumer }] : []
  })
}
