import {
  intsAttribute,
  numberAttribute,
  residualWrites,
  stringAttribute,
  type Graph,
  type Node,
  type PrunableLayer,
  type ResidualWrite,
} from '@tacojs/graph'
import type { Recipe } from '../recipe.js'
import { layerSettings, type LayerSettings } from './layer-settings.js'
import { ownBiases } from './own-biases.js'
import { selectLayers } from './select-layers.js'

/** What a layer aims at: see `target` in the recipe. */
export type Target = 'dense' | 'sparse' | 'residual'

export interface PlannedLayer {
  readonly layer: PrunableLayer
  readonly node: Node
  readonly settings: LayerSettings
  readonly target: Target
  /** Where the layer writes to a residual stream; needed by the target 'residual'. */
  readonly write?: ResidualWrite
}

/** Layers that see the same inputs, and hence share H: the separate q, k and v of an attention, or one layer alone. */
export interface LayerGroup {
  /** The value that they read. */
  readonly input: string
  /** Where a stream that stands before this node has all that their problems need: that of `input`, with no layer more. */
  readonly before: string
  readonly members: readonly PlannedLayer[]
}

export interface Plan {
  /** The model, with a bias of its own for each layer, and the nodes of layers that read the same value side by side. */
  readonly graph: Graph
  readonly groups: readonly LayerGroup[]
}

/** Which layers are pruned, in which order and how. Throws INVALID_ARGUMENT as `selectLayers` and `layerSettings` do. */
export function planLayers(model: Graph, recipe: Recipe): Plan {
  const settings = layerSettings(model, recipe)
  const { graph: owned, layers } = ownBiases(model, selectLayers(model, recipe.keep, settings))
  const nodes = new Map(owned.nodes.map((node) => [node.name, node]))
  const byKey = new Map<string, PrunableLayer[]>()
  for (const layer of layers) {
    const key = groupKey(owned, nodes.get(layer.node)!, layer)
    byKey.set(key, [...(byKey.get(key) ?? []), layer])
  }
  const runs = new Map<string, PrunableLayer[][]>()
  for (const group of byKey.values()) {
    const input = nodes.get(group[0]!.node)!.inputs[0]!
    runs.set(input, [...(runs.get(input) ?? []), group])
  }
  const together = sideBySide(
    owned,
    [...runs.values()].map((run) => run.flat()),
  )
  const writes = residualWrites(together)
  /** None where it is added to what is pruned with it, as in branches of one window: that is not there before it. */
  const writeOf = (layer: PrunableLayer, group: readonly PrunableLayer[]): ResidualWrite | undefined => {
    const write = writes.get(layer.node)
    return write && group.some(({ node }) => nodes.get(node)!.outputs.includes(write.skip)) ? undefined : write
  }
  const planned = [...runs].map(([input, run]) =>
    inOrder(
      run.map((group): Omit<LayerGroup, 'before'> => ({
        input,
        members: group.map((layer) => {
          const write = writeOf(layer, group)
          return {
            layer,
            node: nodes.get(layer.node)!,
            settings: settings.get(layer.name)!,
            target: targetOf(recipe.target, write),
            ...(write ? { write } : {}),
          }
        }),
      })),
    ),
  )
  const graph = sideBySide(
    together,
    planned.map((run) => run.flatMap(({ members }) => members.map(({ layer }) => layer))),
  )
  return { graph, groups: planned.flat() }
}

/** Whether layers that see the same inputs have more outputs than inputs. */
export const isWide = (members: readonly PlannedLayer[]): boolean =>
  members.reduce((sum, { layer }) => sum + layer.rows / layer.groups, 0) > members[0]!.layer.cols

/**
 * Groups that read the same value, in the order in which their problems can be had while neither stream goes further than
 * it must: what is read is often larger than what is made of it, as before the blocks of a ResNet that halve the size.
 * First those that need no output of the dense stream, last those that need the sums that others write to.
 */
function inOrder(run: readonly Omit<LayerGroup, 'before'>[]): LayerGroup[] {
  const residual = ({ members }: Pick<LayerGroup, 'members'>): boolean =>
    members.some(({ target }) => target === 'residual')
  const rank = (group: Omit<LayerGroup, 'before'>): number => (residual(group) ? 2 : isWide(group.members) ? 0 : 1)
  const sorted = [...run].sort((a, b) => rank(a) - rank(b))
  const first = sorted[0]!.members[0]!.node.name
  return sorted.map((group) => ({ ...group, before: residual(group) ? group.members[0]!.node.name : first }))
}

/** By default the sum is the aim where a stream goes on from it unchanged; behind an activation it gains nothing. */
function targetOf(target: Recipe['target'], write: ResidualWrite | undefined): Target {
  if (target === 'dense' || target === 'sparse') return target
  return write && (target === 'residual' || !write.rectified) ? 'residual' : 'dense'
}

/** Equal for layers that see the same columns X at the same positions. */
function groupKey(graph: Graph, node: Node, layer: PrunableLayer): string {
  const shared = [node.inputs[0], layer.kind, layer.bias !== undefined]
  if (layer.kind === 'Linear') return JSON.stringify(shared)
  const kernel = graph.initializers.get(layer.weight)!.tensor.shape.slice(2)
  const window = ['strides', 'pads', 'dilations'].map((name) => intsAttribute(node, name, []))
  const ungrouped = layer.groups === 1 && numberAttribute(node, 'group', 1) === 1
  return JSON.stringify([...shared, kernel, window, stringAttribute(node, 'auto_pad', ''), ungrouped || node.name])
}

/** Puts the nodes of layers that read the same value where the first of them is: they need nothing but that. */
function sideBySide(graph: Graph, runs: readonly (readonly PrunableLayer[])[]): Graph {
  const runOf = new Map(runs.flatMap((run) => run.map((layer) => [layer.node, run] as const)))
  const byName = new Map(graph.nodes.map((node) => [node.name, node]))
  const placed = new Set<readonly PrunableLayer[]>()
  const nodes = graph.nodes.flatMap((node) => {
    const run = runOf.get(node.name)
    if (!run) return [node]
    if (placed.has(run)) return []
    placed.add(run)
    return run.map((layer) => byName.get(layer.node)!)
  })
  return { ...graph, nodes }
}
