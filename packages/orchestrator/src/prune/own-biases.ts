import type { Graph, Initializer, PrunableLayer } from '@tacojs/graph'

/**
 * Exporters let layers with equal biases share one initializer. Pruning changes the bias of each layer by itself, so a
 * layer whose bias has other users gets a copy of its own.
 */
export function ownBiases(graph: Graph, layers: readonly PrunableLayer[]): { graph: Graph; layers: PrunableLayer[] } {
  const uses = new Map<string, number>()
  for (const node of graph.nodes) for (const name of node.inputs) uses.set(name, (uses.get(name) ?? 0) + 1)
  const initializers = new Map<string, Initializer>(graph.initializers)
  const renamed = new Map<string, string>()
  const owned = layers.map((layer) => {
    if (!layer.bias || uses.get(layer.bias) === 1) return layer
    let bias = `${layer.name}.bias`
    for (let i = 2; initializers.has(bias); i++) bias = `${layer.name}.bias.${i}`
    initializers.set(bias, graph.initializers.get(layer.bias)!)
    renamed.set(layer.node, bias)
    return { ...layer, bias }
  })
  if (renamed.size === 0) return { graph, layers: owned }
  const nodes = graph.nodes.map((node) => {
    const bias = renamed.get(node.name)
    return bias ? { ...node, inputs: node.inputs.map((name, i) => (i === 2 ? bias : name)) } : node
  })
  return { graph: { ...graph, nodes, initializers }, layers: owned }
}
