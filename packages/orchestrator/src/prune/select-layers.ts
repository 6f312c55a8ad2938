import { TacoError } from '@tacojs/errors'
import { prunableLayers, type Graph, type PrunableLayer } from '@tacojs/graph'
import type { LayerSettings } from './layer-settings.js'
import { namePattern } from './name-pattern.js'

/**
 * The layers to prune, in the order they run: those that the graph proposes, less those that are to stay dense by their
 * settings or because their name fits a `keep` pattern (`*` stands for any text), and those whose weight several nodes
 * share (they have no single layer problem).
 *
 * @throws INVALID_ARGUMENT for a pattern that matches no layer, and when nothing is left
 */
export function selectLayers(
  graph: Graph,
  keep: readonly string[],
  settings: ReadonlyMap<string, LayerSettings>,
): PrunableLayer[] {
  const proposed = prunableLayers(graph)
  const dense = new Set<string>()
  for (const pattern of keep) {
    const fits = namePattern(pattern)
    const matched = proposed.filter((layer) => fits(layer.name))
    if (matched.length === 0) {
      const names = proposed
        .slice(0, 6)
        .map((layer) => layer.name)
        .join(', ')
      throw new TacoError('INVALID_ARGUMENT', `keep: '${pattern}' matches no prunable layer; there are e.g. ${names}`)
    }
    for (const layer of matched) dense.add(layer.name)
  }
  const uses = new Map<string, number>()
  for (const node of graph.nodes) for (const name of node.inputs) uses.set(name, (uses.get(name) ?? 0) + 1)
  const order = new Map(graph.nodes.map((node, i) => [node.name, i]))
  const chosen = proposed
    .filter(({ name, weight }) => !dense.has(name) && !settings.get(name)!.keep && uses.get(weight) === 1)
    .sort((a, b) => order.get(a.node)! - order.get(b.node)!)
  if (chosen.length === 0) {
    throw new TacoError('INVALID_ARGUMENT', 'no layer is left to prune: give another model, or keep fewer layers dense')
  }
  return chosen
}
