import { isTacoError, TacoError } from '@tacojs/errors'
import { channelGroups, prunableLayers, removeUnits, type ChannelGroup, type Graph } from '@tacojs/graph'
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
  const leftAlone = new Map<string, LeftAlone>()
  for (const { node, name } of prunable) {
    const [group, consumer] = [byConsumer.get(node), planned.get(node)]
    const why = !group
      ? NO_GROUP
      : !consumer
        ? 'it is to stay as it is, or shares its weights'
        : [...changedWith(group)].some((other) => nodes.has(other) && !planned.has(other))
          ? 'a layer that changes with it is to stay as it is, or shares its weights'
          : notRemovable(graph, group)
    if (why === undefined) found.push({ group: group!, planned: consumer! })
    else leftAlone.set(node, { name, why })
  }
  // grouped convolutions between two layers lose groups with these
  for (const { group } of found) {
    for (const node of changedWith(group)) if (!group.producers.includes(node)) leftAlone.delete(node)
  }
  // in the order of the network, as the groups come
  const order = [...byConsumer.keys()]
  found.sort((a, b) => order.indexOf(a.group.consumer.node) - order.indexOf(b.group.consumer.node))
  return { found, leftAlone: [...leftAlone.values()] }
}

/** Nodes whose weights lose rows with a group, the consumer aside. */
const changedWith = ({ consumer, units }: ChannelGroup): Set<string> =>
  new Set(
    units.flatMap(({ cuts }) =>
      cuts.flatMap(({ node, input }) => (input === 1 && node !== consumer.node ? [node] : [])),
    ),
  )

/** Why the graph would not do without units, if so: known before anything is solved rather than at the end. */
function notRemovable(graph: Graph, group: ChannelGroup): string | undefined {
  const staying = new Set(group.wholes.map((set) => set[0]!))
  try {
    removeUnits(
      graph,
      group,
      [...group.units.keys()].filter((unit) => !staying.has(unit)),
    )
    return undefined
  } catch (error) {
    if (isTacoError(error)) return `its units cannot go: ${error.message}`
    throw error
  }
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

/**
 * Of residual streams, of channels that a gate (squeeze-excite) sums over as well, of the network's input, and behind an
 * Expand, a Resize or a Softmax over channels.
 */
const NO_GROUP = 'its inputs are read elsewhere too, no layer makes them, or an operator between mixes them'
