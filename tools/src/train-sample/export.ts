import { float32, type Graph, type Initializer, type Node } from '@tacojs/graph'
import { SAMPLE_SIZE } from '@tacojs/samples'
import { EPSILON } from './layers.js'
import type { ConvNorm, Network } from './network.js'

/** The trained network as a graph: batch normalisation folded in f64, weights in ONNX's order. */
export function toGraph(network: Network): Graph {
  const nodes: Node[] = []
  const initializers = new Map<string, Initializer>()
  const emit = (op: string, inputs: string[], output: string, attributes: Node['attributes'] = {}): string => {
    nodes.push({ name: `/${output}`, op, domain: '', inputs, outputs: [output], attributes })
    return output
  }
  const unit = (input: string, u: ConvNorm): string => {
    const { weight, bias } = fold(u)
    initializers.set(`${u.name}.weight`, { tensor: float32([u.outputs, u.inputs, u.k, u.k], weight) })
    initializers.set(`${u.name}.bias`, { tensor: float32([u.outputs], bias) })
    const pad = (u.k - 1) / 2
    return emit('Conv', [input, `${u.name}.weight`, `${u.name}.bias`], u.name, {
      kernel_shape: [u.k, u.k],
      strides: [u.stride, u.stride],
      pads: [pad, pad, pad, pad],
      dilations: [1, 1],
      group: 1,
    })
  }
  let value = emit('Relu', [unit('input', network.stem)], 'conv1.relu')
  for (const { first, second, shortcut } of network.blocks) {
    const name = first.name.replace('.conv1', '')
    const inner = unit(emit('Relu', [unit(value, first)], `${name}.act1`), second)
    const sum = emit('Add', [inner, shortcut ? unit(value, shortcut) : value], `${name}.add`)
    value = emit('Relu', [sum], `${name}.act2`)
  }
  const pooled = emit('Flatten', [emit('GlobalAveragePool', [value], 'pool')], 'features', { axis: 1 })
  const { head } = network
  const transposed = new Float32Array(head.weight.data.length)
  for (let i = 0; i < head.inputs; i++) {
    for (let c = 0; c < head.classes; c++) transposed[c * head.inputs + i] = head.weight.data[i * head.classes + c]!
  }
  initializers.set('fc.weight', { tensor: float32([head.classes, head.inputs], transposed) })
  initializers.set('fc.bias', { tensor: float32([head.classes], head.bias.data) })
  emit('Gemm', [pooled, 'fc.weight', 'fc.bias'], 'logits', { alpha: 1, beta: 1, transA: 0, transB: 1 })
  return {
    name: 'generalist',
    inputs: [{ name: 'input', dtype: 'float32', shape: ['batch', 3, SAMPLE_SIZE, SAMPLE_SIZE] }],
    outputs: [{ name: 'logits', dtype: 'float32', shape: ['batch', head.classes] }],
    nodes,
    initializers,
  }
}

function fold(u: ConvNorm): { weight: Float32Array; bias: Float32Array } {
  const weight = new Float32Array(u.weight.data.length)
  const bias = new Float32Array(u.outputs)
  for (let o = 0; o < u.outputs; o++) {
    const factor = u.bn.scale.data[o]! / Math.sqrt(u.bn.variance[o]! + EPSILON)
    bias[o] = u.bn.shift.data[o]! - u.bn.mean[o]! * factor
    for (let ky = 0; ky < u.k; ky++) {
      for (let kx = 0; kx < u.k; kx++) {
        for (let c = 0; c < u.inputs; c++) {
          const from = ((ky * u.k + kx) * u.inputs + c) * u.outputs + o
          weight[((o * u.inputs + c) * u.k + ky) * u.k + kx] = u.weight.data[from]! * factor
        }
      }
    }
  }
  return { weight, bias }
}
