import { float32, sizeOf, toNumbers, type DType, type Tensor } from '@tacojs/graph'
import { widened } from '../../stored-type.js'
import { dataTypeOf, storageOf } from '../data-types.js'
import type { RawNode } from '../flatten.js'
import { number, place, refuse, same, type Converted, type ConvertContext, type Converter } from './converter.js'

const ranges: Partial<Record<DType, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
}

/**
 * QuantizeLinear: saturate(round(x / scale) + zero_point), half to even. Its value stays float32, whole numbers in the
 * range of the integer type; so every user must be a DequantizeLinear.
 */
export const quantize: Converter = (node, context) => {
  const [y = ''] = node.outputs
  const { scale, zero, dtype } = parameters(node, context)
  if (context.consumers(y).some((user) => user.op !== 'DequantizeLinear') || context.isOutput(y)) {
    refuse(node, 'its integers are used by other operators than DequantizeLinear')
  }
  const range = ranges[dtype]
  if (!range) refuse(node, `quantisation to ${dtype} is not supported`)
  const steps = new Chain(node, context)
  const whole = steps.add('Round', [steps.add('Div', [node.inputs[0] ?? '', steps.constant('scale', scale)])])
  const shifted = zero === 0 ? whole : steps.add('Add', [whole, steps.constant('zero_point', zero)])
  const limits = [steps.constant('min', range[0]), steps.constant('max', range[1])]
  return steps.end('Clip', [shifted, ...limits])
}

/** DequantizeLinear: (x - zero_point) · scale; a weight is multiplied out once and for all. */
export const dequantize: Converter = (node, context) => {
  const [x = ''] = node.inputs
  const weight = context.constant(x)
  if (weight) {
    context.setConstant(node.outputs[0] ?? '', dequantized(node, weight, context))
    return []
  }
  const { scale, zero } = parameters(node, context)
  const steps = new Chain(node, context)
  const isWhole = context.producer(x)?.op === 'QuantizeLinear'
  const whole = isWhole ? x : steps.add('Cast', [x], { to: dataTypeOf('float32') })
  const shifted = zero === 0 ? whole : steps.add('Sub', [whole, steps.constant('zero_point', zero)])
  return steps.end('Mul', [shifted, steps.constant('scale', scale)])
}

/** Of an activation: one scale and one zero point for all of it. */
function parameters(node: RawNode, context: ConvertContext): { scale: number; zero: number; dtype: DType } {
  const scale = constantInput(node, 1, context)
  const zero = node.inputs[2] ? constantInput(node, 2, context) : undefined
  if (scale.data.length !== 1 || (zero && zero.data.length !== 1)) {
    refuse(node, 'a scale per channel is supported for weights only')
  }
  return {
    scale: Number(scale.data[0]),
    zero: Number(zero?.data[0] ?? 0),
    dtype: zero?.dtype ?? widened(storageOf(number(node, 'output_dtype', 0) || 2, place(node)).type),
  }
}

function dequantized(node: RawNode, weight: Tensor, context: ConvertContext): Tensor {
  const scale = constantInput(node, 1, context)
  const zero = node.inputs[2] ? constantInput(node, 2, context) : undefined
  if (number(node, 'block_size', 0) !== 0) refuse(node, 'quantisation in blocks is not supported')
  const rank = weight.shape.length
  const axis = rank === 0 ? 0 : (number(node, 'axis', 1) + rank) % rank
  const channels = scale.data.length === 1 ? 1 : weight.shape[axis]
  if (scale.data.length !== channels || (zero && zero.data.length !== channels)) {
    refuse(node, `${scale.data.length} scales do not fit a weight of shape [${weight.shape.join(', ')}]`)
  }
  const inner = sizeOf(weight.shape.slice(axis + 1))
  const [scales, zeros] = [toNumbers(scale), zero ? toNumbers(zero) : undefined]
  const data = Float32Array.from(toNumbers(weight), (v, i) => {
    const channel = channels === 1 ? 0 : Math.floor(i / inner) % channels!
    return (v - (zeros?.[channel] ?? 0)) * scales[channel]!
  })
  return float32(weight.shape, data)
}

function constantInput(node: RawNode, i: number, context: ConvertContext): Tensor {
  return context.constant(node.inputs[i] ?? '') ?? refuse(node, 'its scale or zero point is not constant')
}

/** Writes a node out as several, one after the other; the last one makes its output. */
class Chain {
  private readonly nodes: Converted[] = []
  constructor(
    private readonly node: RawNode,
    private readonly context: ConvertContext,
  ) {}

  add(op: string, inputs: readonly string[], attributes: Converted['attributes'] = {}): string {
    const output = this.context.freshName(`${this.node.outputs[0]}_${op}`)
    this.nodes.push({ name: '', op, domain: '', inputs, outputs: [output], attributes })
    return output
  }

  constant(name: string, value: number): string {
    return this.context.addConstant(`${this.node.outputs[0]}_${name}`, float32([], [value]))
  }

  end(op: string, inputs: readonly string[]): Converted[] {
    return [...this.nodes, same(this.node, { op, inputs, attributes: {} })]
  }
}
