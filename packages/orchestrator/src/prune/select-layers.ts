import { TacoError } from '@tacojs/errors'
import { prunableLayers, type Graph, type PrunableLayer } from '@tacojs/graph'
import type { LayerSettings } from './layer-settings.js'
import { namePattern } from './name-pattern.js'
import { sharingOf } from './shared-weights.js'

/**
 * The layers to prune, in the order they run: those that the graph proposes, less those that are to stay dense by their
 * settings or because their name fits a `keep` pattern (`*` stands for any text), and those whose weight several nodes
 * share (they have no single layer problem).
 *
 * @throws INVALID_ARGUMENT for a pattern that matches no layer, and when nothing is left; UNSUPPORTED for a convolution that
 *   is not of images
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
  const isShared = sharingOf(graph)
  const order = new Map(graph.nodes.map((node, i) => [node.name, i]))
  const chosen = proposed
    .filter((layer) => !dense.has(layer.name) && !settings.get(layer.name)!.keep && !isShared(layer))
    .sort((a, b) => order.get(a.node)! - order.get(b.node)!)
  if (chosen.length === 0) {
    throw new TacoError('INVALID_ARGUMENT', 'no layer is left to prune: give another model, or keep fewer layers dense')
  }
  const flat = chosen.find(
    ({ kind, weight }) => kind === 'Conv' && graph.initializers.get(weight)!.tensor.shape.length !== 4,
  )
  if (flat) {
    throw new TacoError('UNSUPPORTED', `the convolution '${flat.name}' is not two-dimensional; keep it dense (--keep)`)
  }
  return chosen
}
