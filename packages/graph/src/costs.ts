import type { Graph } from './graph.js'
import { inferTypes } from './infer.js'
import { opDefinition } from './ops/index.js'

export interface LayerCost {
  readonly node: string
  readonly op: string
  /** Multiply-accumulates for one image; zeros in weights are not subtracted. */
  readonly macs: number
  /** Floating-point weights of the node, and those of them that are not zero. */
  readonly parameters: number
  readonly nonzeros: number
}

export type TotalCost = Pick<LayerCost, 'macs' | 'parameters' | 'nonzeros'>

const countNonzeros = (data: ArrayLike<number | bigint>): number => {
  let count = 0
  for (let i = 0; i < data.length; i++) if (data[i] != 0) count++
  return count
}

/** Costs of each node, in the graph's order. A weight that several nodes share is counted at the first. */
export function costs(graph: Graph): LayerCost[] {
  const types = inferTypes(graph)
  const counted = new Set<string>()
  return graph.nodes.map((node) => {
    const inputs = node.inputs.map((name) => (name === '' ? undefined : types.get(name)))
    const outputs = node.outputs.map((name) => types.get(name)!)
    let parameters = 0
    let nonzeros = 0
    for (const name of node.inputs) {
      const tensor = graph.initializers.get(name)?.tensor
      if (!tensor || counted.has(name) || !tensor.dtype.startsWith('float')) continue
      counted.add(name)
      parameters += tensor.data.length
      nonzeros += countNonzeros(tensor.data)
    }
    const macs = opDefinition(node.op, node.domain)?.macs?.(node, inputs, outputs) ?? 0
    return { node: node.name, op: node.op, macs, parameters, nonzeros }
  })
}

/** Sums over the graph. */
export function totalCosts(graph: Graph): TotalCost {
  const total = { macs: 0, parameters: 0, nonzeros: 0 }
  for (const { macs, parameters, nonzeros } of costs(graph)) {
    total.macs += macs
    total.parameters += parameters
    total.nonzeros += nonzeros
  }
  return total
}
