import type { Graph, Node } from '../graph.js'
import { inferTypes } from '../infer.js'
import { removeDead } from '../passes/remove-dead.js'
import { prunableLayers, type PrunableLayer } from '../prunable-layers.js'
import { spread, wiring, type Cut, type Spread, type Wiring } from './spread.js'

/** Channels that can only be removed together. */
export interface ChannelUnit {
  /** Columns of the consumer's layer problem, ascending: channel·kh·kw + ky·kw + kx for a convolution. */
  readonly columns: readonly number[]
  /** What it takes of each constant: rows of the producers, the consumer's input channels, and all in between. */
  readonly cuts: readonly Cut[]
}

/** Channels between layers that make them and the one layer that sums over them. */
export interface ChannelGroup {
  readonly consumer: PrunableLayer
  /** Names of the nodes whose rows the channels are, in the order they run. */
  readonly producers: readonly string[]
  /** Two or more, which together hold all columns of the consumer. */
  readonly units: readonly ChannelUnit[]
  /**
   * Whether removing units is the same as setting the consumer's columns to zero. It is not where an operator between
   * the layers works on statistics over all channels (the mean in ConvNeXt V2's GRN, a LayerNormalization of hidden
   * units): they are then over the channels that stay.
   */
  readonly exact: boolean
  /**
   * Units that are all of some value or constant, such as those of one branch before a Concat: of each such set one has to
   * stay, for there are no tensors of no channels. All units are one, unless smaller ones are parts of it.
   */
  readonly wholes: readonly (readonly number[])[]
}

/**
 * Which channels can be removed together, found by structure, in the order of the network: for each prunable layer,
 * those of its input that reach no other layer. Hidden units of an MLP, gated ones too; the inner channels of residual
 * blocks; the groups of a grouped convolution between two others; the heads of an attention. Channels of the residual
 * stream have many consumers and are in no group, nor are those that a gate (squeeze-excite) sums over as well.
 * Groups have no channel in common, so that each stays valid for `removeUnits` when units of others are removed.
 */
export function channelGroups(graph: Graph): ChannelGroup[] {
  const around = wiring(graph, inferTypes(graph))
  const order = new Map(graph.nodes.map((node, i) => [node.name, i]))
  const nodes = new Map(removeDead(graph).nodes.map((node) => [node.name, node]))
  return prunableLayers(graph)
    .filter(({ node }) => nodes.has(node))
    .sort((a, b) => order.get(a.node)! - order.get(b.node)!)
    .flatMap((consumer) => groupOf(around, consumer, nodes.get(consumer.node)!, order) ?? [])
}

function groupOf(
  around: Wiring,
  consumer: PrunableLayer,
  node: Node,
  order: ReadonlyMap<string, number>,
): ChannelGroup | undefined {
  if (consumer.groups !== 1) return undefined
  const channels = around.graph.initializers.get(consumer.weight)!.tensor.shape[1]!
  const taken = new Set<number>()
  const found: Spread[] = []
  const units: ChannelUnit[] = []
  for (let channel = 0; channel < channels; channel++) {
    if (taken.has(channel)) continue
    const own = spreadOf(around, consumer, node, [channel])
    const indices = own && channelsOf(own, consumer)
    if (!indices || own.producers.length === 0 || indices.some((c) => taken.has(c))) return undefined
    for (const c of indices) taken.add(c)
    found.push(own)
    units.push({ columns: columnsOf(consumer, indices, channels), cuts: own.cuts })
  }
  const wholes = wholesOf(around, found)
  // a unit that is all of something cannot go
  const lone = new Set(wholes.flatMap((set) => (set.length === 1 ? set : [])))
  if (units.length < 2 || lone.size === units.length) return undefined
  const producers = [...new Set(found.flatMap((s) => s.producers))].sort((a, b) => order.get(a)! - order.get(b)!)
  return { consumer, producers, units, exact: !found.some((s) => s.shared), wholes }
}

/** The smallest sets of units that are all of some axis. */
function wholesOf({ graph, types }: Wiring, spreads: readonly Spread[]): number[][] {
  const inputs = new Map(graph.nodes.map((node) => [node.name, node.inputs]))
  const axes = new Map<string, { readonly size: number; taken: number; readonly units: number[] }>()
  spreads.forEach(({ values, cuts }, unit) => {
    const add = (key: string, size: number, count: number): void => {
      const of = axes.get(key) ?? { size, taken: 0, units: [] }
      of.taken += count
      of.units.push(unit)
      axes.set(key, of)
    }
    for (const [name, { axis, indices }] of values) add(name, types.get(name)!.shape[axis] as number, indices.length)
    for (const { node, input, axis, indices } of cuts) {
      const name = inputs.get(node)![input]!
      add(`${node}:${input}`, graph.initializers.get(name)!.tensor.shape[axis]!, indices.length)
    }
  })
  const full = [...axes.values()].filter(({ size, taken }) => taken === size).map(({ units }) => units)
  const distinct = [...new Map(full.map((units) => [units.join(), units])).values()]
  return distinct.filter((units) => !distinct.some((other) => other !== units && other.every((u) => units.includes(u))))
}

/** What goes with some input channels of a layer that nothing else sums over. */
export function spreadOf(
  around: Wiring,
  consumer: PrunableLayer,
  node: Node,
  channels: Iterable<number>,
): Spread | undefined {
  const value = node.inputs[0]!
  const axis = consumer.kind === 'Conv' ? 1 : around.types.get(value)!.shape.length - 1
  return spread(around, { value, axis, indices: channels })
}

/** The consumer's input channels that a spread takes. */
export const channelsOf = ({ cuts }: Spread, consumer: PrunableLayer): readonly number[] =>
  cuts.find((cut) => cut.node === consumer.node && cut.input === 1 && cut.axis === 1)?.indices ?? []

function columnsOf(consumer: PrunableLayer, indices: readonly number[], channels: number): number[] {
  const kernel = consumer.cols / channels
  return indices.flatMap((channel) => Array.from({ length: kernel }, (_, k) => channel * kernel + k))
}
