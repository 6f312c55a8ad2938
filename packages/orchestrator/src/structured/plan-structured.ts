import { TacoError } from '@tacojs/errors'
import { channelGroups, prunableLayers, type ChannelGroup, type Graph } from '@tacojs/graph'
import { namePattern } from '../prune/name-pattern.js'
import { planLayers, type Plan, type PlannedLayer } from '../prune/plan.js'
import type { Recipe } from '../recipe.js'

/** Channels that go together, and the layer that sums over them as `prune` would plan it. */
export interface PlannedGroup {
  readonly group: ChannelGroup
  readonly planned: PlannedLayer
}

/** A layer from whose inputs nothing goes. */
export interface LeftAlone {
  readonly name: string
  readonly why: string
}

export interface StructuredPlan {
  readonly graph: Graph
  /** Prunable layers that sum over no group, or over one that keeps all. */
  readonly leftAlone: readonly LeftAlone[]
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
  const { found, leftAlone } = groupsOf(plan)
  if (found.length === 0) {
    throw new TacoError(
      'INVALID_ARGUMENT',
      'structured pruning: no channels or heads could go; choose another pattern, or keep fewer layers dense',
    )
  }
  const exact = found.filter(({ group }) => group.exact)
  checkNames(recipe, exact.length > 0 ? exact : found)
  if (exact.length === found.length) return { graph, groups: found, leftAlone }
  const inexact = found.flatMap(({ group }) => (group.exact ? [] : [group.consumer.name]))
  const names = inexact.join(', ')
  const statistics = inexact.map((name) => ({ name, why: 'units that stay would see other statistics' }))
  return exact.length > 0
    ? {
        graph,
        groups: exact,
        leftAlone: [...leftAlone, ...statistics],
        warning: `keep all units, for these share statistics: those before ${names}`,
      }
    : {
        graph,
        groups: found,
        leftAlone,
        warning: `units that go change the statistics of those that stay, so errors of groups are estimates: those before ${names}`,
      }
}

function groupsOf({ graph, groups }: Plan): { found: PlannedGroup[]; leftAlone: LeftAlone[] } {
  const planned = new Map(groups.flatMap(({ members }) => members.map((member) => [member.node.name, member])))
  const prunable = prunableLayers(graph)
  const nodes = new Set(prunable.map((layer) => layer.node))
  const byConsumer = new Map(channelGroups(graph).map((group) => [group.consumer.node, group]))
  const found: PlannedGroup[] = []
  const leftAlone: LeftAlone[] = []
  for (const { node, name } of prunable) {
    const [group, consumer] = [byConsumer.get(node), planned.get(node)]
    if (!group) leftAlone.push({ name, why: NO_GROUP })
    else if (!consumer) leftAlone.push({ name, why: 'it is to stay as it is, or shares its weights' })
    else if (!group.producers.every((producer) => planned.has(producer) || !nodes.has(producer))) {
      leftAlone.push({ name, why: 'a layer that makes its inputs is to stay as it is, or shares its weights' })
    } else found.push({ group, planned: consumer })
  }
  // in the order of the network, as the groups come
  const order = [...byConsumer.keys()]
  found.sort((a, b) => order.indexOf(a.group.consumer.node) - order.indexOf(b.group.consumer.node))
  return { found, leftAlone }
}

/** A share by name is one of the units that a layer sums over. */
function checkNames({ layers }: Recipe, found: readonly PlannedGroup[]): void {
  const names = found.map(({ group }) => group.consumer.name)
  for (const [text, { sparsity }] of Object.entries(layers)) {
    if (sparsity === undefined || names.some(namePattern(text))) continue
    throw new TacoError(
      'INVALID_ARGUMENT',
      `layers: '${text}' fits no layer that sums over units that could go; there are e.g. ${names.slice(0, 6).join(', ')}`,
    )
  }
}

/** Of residual streams, of channels that a gate (squeeze-excite) sums over as well, and of the network's input. */
const NO_GROUP = 'its inputs are read elsewhere too, or no layer makes them'
