import { numberAttribute, type Graph, type Tensor } from '@tacojs/graph'
import { fromHalfBits, narrowHalf, widenHalf } from '../float16.js'
import { dequantize, quantize } from './quantize.js'

/** What the weights of a model are rounded to. */
export type Precision = 'fp32' | 'fp16' | 'int8'

/** How the values of a tensor are stored; int8 has a scale for each channel along the axis. */
export type Form = { readonly type: 'float16' } | { readonly type: 'int8'; readonly axis: number }

/** A weight that stays float32, and why. */
export interface KeptWeight {
  readonly name: string
  readonly why: string
}

/** Fewer elements are not worth a form of their own. */
const FEWEST = 256
const LARGEST_HALF = fromHalfBits(0x7bff)

/**
 * Which float32 initializers a precision gives another form: `int8` the weights of layers (the second input of Conv,
 * Linear, Gemm and MatMul) by output channel; both 16 bits for other tables, such as position embeddings. Vectors
 * (biases, scales of norms) and small tensors stay as they are, and weights whose values the form cannot hold.
 */
export function storedForms(
  graph: Graph,
  precision: Precision,
): { readonly forms: ReadonlyMap<string, Form>; readonly kept: readonly KeptWeight[] } {
  const forms = new Map<string, Form>()
  const kept: KeptWeight[] = []
  if (precision === 'fp32') return { forms, kept }
  const axes = outputAxes(graph)
  for (const [name, { tensor }] of graph.initializers) {
    if (!isTable(tensor)) continue
    const axis = axes.get(name)
    if (precision === 'int8' && axis !== undefined) {
      if (quantize(tensor.data, tensor.shape, axis)) forms.set(name, { type: 'int8', axis })
      else kept.push({ name, why: 'it has channels whose scale is no ordinary float32 number' })
    } else if (tensor.data.every((v) => Math.abs(v) <= LARGEST_HALF)) forms.set(name, { type: 'float16' })
    else kept.push({ name, why: `it has values beyond ${LARGEST_HALF}, the largest of fp16` })
  }
  return { forms, kept }
}

/** The values that a tensor has once it was stored in a form. */
export function roundedTo(form: Form, { shape, data }: Tensor<'float32'>): Float32Array {
  if (form.type === 'float16') return widenHalf(narrowHalf(data))
  return dequantize(quantize(data, shape, form.axis)!, shape, form.axis)
}

/** float32, with at least two dimensions that are larger than 1. */
const isTable = (tensor: Tensor): tensor is Tensor<'float32'> =>
  tensor.dtype === 'float32' && tensor.data.length >= FEWEST && tensor.shape.filter((size) => size > 1).length > 1

/** The axis of the output channels of every constant weight of a layer; the first layer that uses it decides. */
function outputAxes(graph: Graph): ReadonlyMap<string, number> {
  const axes = new Map<string, number>()
  for (const node of graph.nodes) {
    const name = node.inputs[1]
    const shape = name === undefined ? undefined : graph.initializers.get(name)?.tensor.shape
    if (!shape || axes.has(name!)) continue
    if (node.op === 'Conv' || (node.op === 'Linear' && node.domain === 'ai.tacojs')) axes.set(name!, 0)
    else if (node.op === 'Gemm') axes.set(name!, numberAttribute(node, 'transB', 0) ? 0 : 1)
    else if (node.op === 'MatMul' && shape.length > 1) axes.set(name!, shape.length - 1)
  }
  return axes
}
