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
  readonly members: readonly PlannedLayer[]
}

export interface Plan {
  /** The model, with a bias of its own for each layer and the nodes of each group side by side. */
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
  const graph = sideBySide(owned, [...byKey.values()])
  const writes = residualWrites(graph)
  return {
    graph,
    groups: [...byKey.values()].map((group) => ({
      input: nodes.get(group[0]!.node)!.inputs[0]!,
      members: group.map((layer) => {
        const write = writes.get(layer.node)
        return {
          layer,
          node: nodes.get(layer.node)!,
          settings: settings.get(layer.name)!,
          target: targetOf(recipe.target, write),
          ...(write ? { write } : {}),
        }
      }),
    })),
  }
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

/** Moves the later nodes of each group to its first: they need nothing but the same input. */
function sideBySide(graph: Graph, groups: readonly (readonly PrunableLayer[])[]): Graph {
  const followers = new Map(groups.map(([first, ...rest]) => [first!.node, rest.map((layer) => layer.node)]))
  const moved = new Set([...followers.values()].flat())
  if (moved.size === 0) return graph
  const byName = new Map(graph.nodes.map((node) => [node.name, node]))
  const nodes = graph.nodes
    .filter((node) => !moved.has(node.name))
    .flatMap((node) => [node, ...(followers.get(node.name) ?? []).map((name) => byName.get(name)!)])
  return { ...graph, nodes }
}
