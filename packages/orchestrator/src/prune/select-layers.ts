import { TacoError } from '@tacojs/errors'
import { prunableLayers, type Graph, type PrunableLayer } from '@tacojs/graph'

/**
 * The layers to prune, in the order they run: those that the graph proposes, less those whose name matches a `keep`
 * pattern (`*` stands for any text) and those whose weight several nodes share (they have no single layer problem).
 *
 * @throws INVALID_ARGUMENT for a pattern that matches no layer, INVALID_MODEL when nothing is left
 */
export function selectLayers(graph: Graph, keep: readonly string[]): PrunableLayer[] {
  const proposed = prunableLayers(graph)
  const dense = new Set<string>()
  for (const pattern of keep) {
    const matcher = new RegExp(`^${pattern.split('*').map(escape).join('.*')}$`)
    const matched = proposed.filter((layer) => matcher.test(layer.name))
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
    .filter((layer) => !dense.has(layer.name) && uses.get(layer.weight) === 1)
    .sort((a, b) => order.get(a.node)! - order.get(b.node)!)
  if (chosen.length === 0) {
    throw new TacoError('INVALID_ARGUMENT', 'no layer is left to prune: give another model, or keep fewer layers dense')
  }
  return chosen
}

const escape = (text: string): string => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&')
