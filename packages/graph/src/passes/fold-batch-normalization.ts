import type { Graph, Initializer, Node } from '../graph.js'
import { analyze } from '../infer.js'
import { numberAttribute } from '../ops/attributes.js'
import { float32 } from '../tensor.js'

type Lookup = (name: string | undefined) => Initializer | undefined

/** Per channel: y = x·factor + shift. */
interface Affine {
  readonly factor: Float64Array
  readonly shift: Float64Array
}

/**
 * BatchNormalization with constant statistics becomes part of the convolution or linear layer before it, in f64:
 * W' = W·γ/√(σ² + ε), b' = (b − μ)·γ/√(σ² + ε) + β. Where there is no such layer, or its output is also used otherwise,
 * it becomes a Mul and an Add. (For [N, C] the channels of the normalisation are the outputs of a linear layer.)
 */
export function foldBatchNormalization(graph: Graph): Graph {
  const added = new Map<string, Initializer>()
  const { types } = analyze(graph)
  const uses = new Map<string, number>()
  for (const { name } of graph.outputs) uses.set(name, 1)
  for (const node of graph.nodes) for (const name of node.inputs) uses.set(name, (uses.get(name) ?? 0) + 1)
  const nodes: Node[] = []
  const initializer: Lookup = (name) => (name ? (added.get(name) ?? graph.initializers.get(name)) : undefined)
  for (const node of graph.nodes) {
    const affine = node.op === 'BatchNormalization' && node.domain === '' ? affineOf(node, initializer) : undefined
    if (!affine) {
      nodes.push(node)
      continue
    }
    const [x] = node.inputs as [string]
    const at = nodes.findIndex((n) => n.outputs[0] === x)
    const producer = nodes[at]
    const folded =
      producer && isLayer(producer, types.get(x)!.shape.length) && uses.get(x) === 1
        ? foldInto(producer, node, affine, initializer, added)
        : undefined
    if (folded) {
      nodes.splice(at, 1)
      nodes.push(folded)
      continue
    }
    const shape = [
      affine.factor.length,
      ...types
        .get(x)!
        .shape.slice(2)
        .map(() => 1),
    ]
    const [factor, shift, product] = ['factor', 'shift', 'scaled'].map((part) => `${node.outputs[0]}.${part}`)
    added.set(factor!, { tensor: float32(shape, Float32Array.from(affine.factor)) })
    added.set(shift!, { tensor: float32(shape, Float32Array.from(affine.shift)) })
    const base = { domain: '' as const, attributes: {} }
    nodes.push({ ...base, name: `${node.name}/Mul`, op: 'Mul', inputs: [x, factor!], outputs: [product!] })
    nodes.push({
      ...base,
      name: `${node.name}/Add`,
      op: 'Add',
      inputs: [product!, shift!],
      outputs: [node.outputs[0]!],
    })
  }
  return { ...graph, nodes, initializers: new Map([...graph.initializers, ...added]) }
}

const isLayer = (node: Node, rank: number): boolean =>
  (node.op === 'Conv' && node.domain === '') || (node.op === 'Linear' && node.domain === 'ai.tacojs' && rank === 2)

function affineOf(node: Node, initializer: Lookup): Affine | undefined {
  const parameters = node.inputs.slice(1).map((name) => initializer(name)?.tensor)
  if (parameters.some((p) => p?.dtype !== 'float32')) return undefined
  const [scale, bias, mean, variance] = parameters.map((p) => p!.data) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ]
  const epsilon = numberAttribute(node, 'epsilon', 1e-5)
  const factor = Float64Array.from(scale, (s, c) => s / Math.sqrt(variance[c]! + epsilon))
  return { factor, shift: Float64Array.from(bias, (b, c) => b - mean[c]! * factor[c]!) }
}

/**
 * The layer with the affine map folded in, writing the normalisation's output; its weight keeps its name if only it
 * uses it.
 */
function foldInto(
  layer: Node,
  norm: Node,
  { factor, shift }: Affine,
  initializer: Lookup,
  added: Map<string, Initializer>,
): Node | undefined {
  const [x, weightName, biasName] = layer.inputs as [string, string, string | undefined]
  const weight = initializer(weightName)?.tensor
  const bias = initializer(biasName)?.tensor
  if (!weight || (biasName && !bias) || weight.dtype !== 'float32') return undefined
  const data = weight.data as Float32Array
  const perFilter = data.length / factor.length
  const scaled = data.map((w, i) => w * factor[Math.floor(i / perFilter)]!)
  const moved = Float32Array.from(shift, (s, c) => s + ((bias?.data[c] as number | undefined) ?? 0) * factor[c]!)
  const stem = weightName.endsWith('.weight') ? weightName.slice(0, -'.weight'.length) : layer.name
  const names = { weight: `${stem}.folded.weight`, bias: `${stem}.folded.bias` }
  if (added.has(names.weight)) return undefined
  // zeros stay zeros, so what is known of them stays true
  added.set(names.weight, { ...initializer(weightName), tensor: float32(weight.shape, scaled) })
  added.set(names.bias, { tensor: float32([factor.length], moved) })
  return { ...layer, inputs: [x, names.weight, names.bias], outputs: [norm.outputs[0]!] }
}
