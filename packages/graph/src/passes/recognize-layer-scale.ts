import type { Graph, Node } from '../graph.js'
import { inferTypes } from '../infer.js'
import { layerName } from '../layer-name.js'
import { rewrite, type Matcher, type Replacement } from '../match.js'
import { float32, toNumbers } from '../tensor.js'

/** A Mul of what a Linear gives by a constant per feature becomes LayerScale (Touvron et al. 2021, eq. 4). */
export const recognizeLayerScale = (graph: Graph): Graph => {
  const types = inferTypes(graph)
  return rewrite(graph, (node, m) => layerScale(node, m, (value) => types.get(value)!.shape.length))
}

function layerScale(node: Node, m: Matcher, rank: (value: string) => number): Replacement | undefined {
  if (node.op !== 'Mul' || node.domain !== '') return undefined
  for (const [value, name] of [node.inputs, [...node.inputs].reverse()] as [string, string][]) {
    const producer = m.producer(value)
    const gamma = m.constant(name)
    if (producer?.op !== 'Linear' || !gamma || gamma.shape.length > rank(value)) continue
    const width = m.constant(producer.inputs[1])?.shape[0]
    const perFeature =
      gamma.shape.length > 0 && gamma.shape.every((d, i) => d === (i === gamma.shape.length - 1 ? width : 1))
    if (!perFeature) continue
    const scaled = { ...node, op: 'LayerScale', domain: 'ai.tacojs' as const, attributes: {} }
    if (gamma.shape.length === 1) return { node: { ...scaled, inputs: [value, name] }, swallowed: [] }
    const flat = `${layerName(node.name, name)}.gamma`
    return {
      node: { ...scaled, inputs: [value, flat] },
      swallowed: [],
      initializers: new Map([[flat, float32([width!], toNumbers(gamma))]]),
    }
  }
  return undefined
}
