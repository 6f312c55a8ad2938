import { float32, sizeOf, toNumbers, type DType, type Tensor } from '@tacojs/graph'
import { widened } from '../../stored-type.js'
import { dataTypeOf, storageOf } from '../data-types.js'
import type { RawNode } from '../flatten.js'
import { number, place, refuse, type Converted, type ConvertContext, type Converter } from './converter.js'
import { Writer } from './writer.js'

/** What quantised values are computed with: names of values, 32-bit floats that broadcast to the tensor. */
interface Parameters {
  readonly scale: string
  /** Absent where it is zero. */
  readonly zero: string | undefined
  /** Of the integers. */
  readonly dtype: DType
}

const ranges: Partial<Record<DType, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
}

/**
 * QuantizeLinear: saturate(round(x / scale) + zero_point), half to even. Between it and a DequantizeLinear the whole
 * numbers stay float32; where others use them they are cast.
 */
export const quantize: Converter = (node, context) => {
  const [x = '', scale = '', zero = ''] = node.inputs
  const w = new Writer(node, context)
  const p = parametersOf(node, context, w, x, scale, zero, number(node, 'output_dtype', 0))
  const whole = isWhole(node, context)
  const limited = saturated(node, w, w.add('Div', [x, p.scale]), p)
  return whole ? w.is(limited) : w.end('Cast', [limited], { to: dataTypeOf(p.dtype) })
}

/** Whether only DequantizeLinear nodes use the integers of a QuantizeLinear. */
function isWhole(node: RawNode, context: ConvertContext): boolean {
  const [y = ''] = node.outputs
  return !context.isOutput(y) && context.consumers(y).every((user) => user.op === 'DequantizeLinear')
}

/** round(x) + zero point, held to the range of the integers; float32. */
function saturated(node: RawNode, w: Writer, x: string, { zero, dtype }: Parameters): string {
  const range = ranges[dtype]
  if (!range) refuse(node, `quantisation to ${dtype} is not supported`)
  const whole = w.add('Round', [x])
  const shifted = zero === undefined ? whole : w.add('Add', [whole, zero])
  return w.add('Clip', [shifted, w.scalar('min', range[0]), w.scalar('max', range[1])])
}

/** DequantizeLinear: (x − zero_point) · scale; a weight is multiplied out once and for all. */
export const dequantize: Converter = (node, context) => {
  const [x = '', scale = '', zero = ''] = node.inputs
  const weight = context.constant(x)
  if (number(node, 'block_size', 0) !== 0) refuse(node, 'quantisation in blocks is not supported')
  const known = weight && dequantized(node, weight, context)
  if (known) {
    context.setConstant(node.outputs[0] ?? '', known)
    return []
  }
  const w = new Writer(node, context)
  const p = parametersOf(node, context, w, x, scale, zero)
  const producer = context.producer(x)
  const whole = producer?.op === 'QuantizeLinear' && isWhole(producer, context)
  const value = whole ? x : w.add('Cast', [x], { to: dataTypeOf('float32') })
  return w.end('Mul', [p.zero === undefined ? value : w.add('Sub', [value, p.zero]), p.scale])
}

/** Scale and zero point as factors of a tensor: along `axis` (1 unless said) where there is one for each slice. */
function parametersOf(
  node: RawNode,
  context: ConvertContext,
  w: Writer,
  x: string,
  scale: string,
  zero: string,
  outputType = 0,
): Parameters {
  const zeroType = zero === '' ? undefined : context.typeOf(zero).dtype
  const stated = outputType === 0 ? undefined : widened(storageOf(outputType, place(node)).type)
  return {
    scale: spread(node, context, w, x, scale),
    zero: isZero(context.constant(zero)) || zero === '' ? undefined : spread(node, context, w, x, zero),
    dtype: stated ?? zeroType ?? 'uint8',
  }
}

const isZero = (t: Tensor | undefined): boolean => t !== undefined && toNumbers(t).every((v) => v === 0)

/** A parameter as float32: one number, or a vector along the axis. */
function spread(node: RawNode, context: ConvertContext, w: Writer, x: string, name: string, axis?: number): string {
  const known = context.constant(name)
  const { dtype, shape } = context.typeOf(name)
  const single = sizeOf(shape.map((d) => (typeof d === 'number' ? d : 2))) === 1
  const rank = context.typeOf(x).shape.length
  const given = axis ?? number(node, 'axis', 1)
  const along = given < 0 ? given + rank : given
  const target = single ? [] : Array.from({ length: rank }, (_, i) => (i === along ? -1 : 1))
  if (known) {
    const dims = target.map((d) => (d === -1 ? known.data.length : d))
    return w.constant('parameter', float32(dims, toNumbers(known)))
  }
  if (!single && shape.length !== 1) refuse(node, 'quantisation in blocks is not supported')
  const value = dtype === 'float32' ? name : w.add('Cast', [name], { to: dataTypeOf('float32') })
  return shape.length === 0 ? value : w.reshape(value, target)
}

/** One quantised value as what it stands for; one scale and zero point for all of it. */
export function realOf(
  node: RawNode,
  context: ConvertContext,
  w: Writer,
  [x, scale, zero]: readonly [string, string, string],
): string {
  const p = parametersOf(node, context, w, x, scale, zero)
  const value = w.add('Cast', [x], { to: dataTypeOf('float32') })
  return w.add('Mul', [p.zero === undefined ? value : w.add('Sub', [value, p.zero]), p.scale])
}

/** A value as the integers that a node gives; `like` is a value of the same rank. */
export function quantizedOf(
  node: RawNode,
  context: ConvertContext,
  w: Writer,
  x: string,
  like: string,
  [scale, zero]: readonly [string, string],
): readonly Converted[] {
  const p = parametersOf(node, context, w, like, scale, zero)
  return w.end('Cast', [saturated(node, w, w.add('Div', [x, p.scale]), p)], { to: dataTypeOf(p.dtype) })
}

/** Undefined where the parameters are not constant. */
function dequantized(node: RawNode, weight: Tensor, context: ConvertContext): Tensor | undefined {
  const scale = context.constant(node.inputs[1] ?? '')
  const zero = node.inputs[2] ? context.constant(node.inputs[2]) : undefined
  if (!scale || (node.inputs[2] && !zero)) return undefined
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

/** x − zero point, as float32; `axis` is that of a zero point for each slice. */
function shifted(node: RawNode, context: ConvertContext, w: Writer, x: string, zero: string, axis: number): string {
  const constant = context.constant(x)
  const points = context.constant(zero)
  if (constant && (zero === '' || isZero(points))) {
    return w.constant('weight', float32(constant.shape, toNumbers(constant)))
  }
  const value = w.add('Cast', [x], { to: dataTypeOf('float32') })
  return zero === '' || isZero(points) ? value : w.add('Sub', [value, spread(node, context, w, x, zero, axis)])
}

/** Sums of products of integers are exact in float32 to 2²⁴; beyond it they are rounded as any sum of floats. */
export const matMulInteger: Converter = (node, context) => {
  const [a = '', b = '', aZero = '', bZero = ''] = node.inputs
  const w = new Writer(node, context)
  const product = w.add('MatMul', [
    shifted(node, context, w, a, aZero, context.typeOf(a).shape.length - 2),
    shifted(node, context, w, b, bZero, context.typeOf(b).shape.length - 1),
  ])
  return w.end('Cast', [product], { to: dataTypeOf('int32') })
}

export const convInteger: Converter = (node, context) => {
  const [x = '', weight = '', xZero = '', wZero = ''] = node.inputs
  const w = new Writer(node, context)
  const inputs = [shifted(node, context, w, x, xZero, 1), shifted(node, context, w, weight, wZero, 0)]
  return w.end('Cast', [w.add('Conv', inputs, node.attributes)], { to: dataTypeOf('int32') })
}

/**
 * QLinearConv and QLinearMatMul: the products of integers, scaled by all three scales, rounded and saturated. `like` has
 * the rank of the product.
 */
const requantized = (
  node: RawNode,
  context: ConvertContext,
  w: Writer,
  product: string,
  like: string,
  factors: readonly string[],
  scale: string,
  zero: string,
): readonly Converted[] => {
  const real = w.add('Mul', [w.add('Mul', [product, factors[0]!]), factors[1]!])
  const p = parametersOf(node, context, w, like, scale, zero)
  const limited = saturated(node, w, w.add('Div', [real, p.scale]), p)
  return w.end('Cast', [limited], { to: dataTypeOf(context.typeOf(zero).dtype) })
}

export const qLinearMatMul: Converter = (node, context) => {
  const [a = '', aScale = '', aZero = '', b = '', bScale = '', bZero = '', yScale = '', yZero = ''] = node.inputs
  const [rows, columns] = [context.typeOf(a).shape.length - 2, context.typeOf(b).shape.length - 1]
  const w = new Writer(node, context)
  const product = w.add('MatMul', [
    shifted(node, context, w, a, aZero, rows),
    shifted(node, context, w, b, bZero, columns),
  ])
  const factors = [spread(node, context, w, a, aScale, rows), spread(node, context, w, b, bScale, columns)]
  return requantized(node, context, w, product, a, factors, yScale, yZero)
}

export const qLinearConv: Converter = (node, context) => {
  const [x = '', xScale = '', xZero = '', weight = '', wScale = '', wZero = '', yScale = '', yZero = '', bias = ''] =
    node.inputs
  const w = new Writer(node, context)
  const inputs = [shifted(node, context, w, x, xZero, 1), shifted(node, context, w, weight, wZero, 0)]
  if (bias) inputs.push(shifted(node, context, w, bias, '', 0))
  const product = w.add('Conv', inputs, node.attributes)
  // one scale for each filter is one for each channel of the result
  const factors = [spread(node, context, w, x, xScale, 1), spread(node, context, w, x, wScale, 1)]
  return requantized(node, context, w, product, x, factors, yScale, yZero)
}

/** DynamicQuantizeLinear: scale and zero point from the range of x, 0 included; uint8. */
export const dynamicQuantize: Converter = (node, context) => {
  const [x = ''] = node.inputs
  const [, scaleName = '', zeroName = ''] = node.outputs
  const w = new Writer(node, context)
  const none = w.scalar('none', 0)
  const high = w.add('Max', [w.add('ReduceMax', [x], { keepdims: 0 }), none])
  const low = w.add('Min', [w.add('ReduceMin', [x], { keepdims: 0 }), none])
  const limits = [w.scalar('min', 0), w.scalar('max', 255)]
  const scale = w.add('Div', [w.add('Sub', [high, low]), limits[1]!])
  const zero = w.add('Round', [w.add('Clip', [w.add('Div', [w.add('Neg', [low]), scale]), ...limits])])
  const to = dataTypeOf('uint8')
  if (scaleName) w.output(scaleName, 'Identity', [scale])
  if (zeroName) w.output(zeroName, 'Cast', [zero], { to })
  const whole = w.add('Add', [w.add('Round', [w.add('Div', [x, scale])]), zero])
  return w.end('Cast', [w.add('Clip', [whole, ...limits])], { to })
}
