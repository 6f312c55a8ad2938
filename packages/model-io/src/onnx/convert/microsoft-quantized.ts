import { number, refuse, type Converter } from './converter.js'
import { dequantize, quantize, quantizedOf, realOf } from './quantize.js'
import { Writer } from './writer.js'

type Triple = readonly [string, string, string]

/** Operators of onnxruntime's quantizer (domain com.microsoft) on integers: what they do to the values these stand for. */
const binary =
  (op: string): Converter =>
  (node, context) => {
    const [a = '', aScale = '', aZero = '', b = '', bScale = '', bZero = '', scale = '', zero = ''] = node.inputs
    const w = new Writer(node, context)
    const y = w.add(op, [realOf(node, context, w, [a, aScale, aZero]), realOf(node, context, w, [b, bScale, bZero])])
    return quantizedOf(node, context, w, y, a, [scale, zero])
  }

const unary =
  (op: string, ...kept: readonly string[]): Converter =>
  (node, context) => {
    const [x = '', xScale = '', xZero = '', scale = '', zero = ''] = node.inputs
    if (number(node, 'channels_last', 0) !== 0) refuse(node, 'channels as the last axis are not supported')
    const w = new Writer(node, context)
    const attributes = Object.fromEntries(Object.entries(node.attributes).filter(([name]) => kept.includes(name)))
    const y = w.add(op, [realOf(node, context, w, [x, xScale, xZero])], attributes)
    return quantizedOf(node, context, w, y, x, [scale, zero])
  }

/** Scale and zero point of the result, then those of each part behind it. */
const concat: Converter = (node, context) => {
  const [scale = '', zero = '', ...rest] = node.inputs
  const parts = Array.from(
    { length: Math.floor(rest.length / 3) },
    (_, i) => rest.slice(3 * i, 3 * i + 3) as unknown as Triple,
  )
  const w = new Writer(node, context)
  const y = w.add(
    'Concat',
    parts.map((part) => realOf(node, context, w, part)),
    { axis: number(node, 'axis', 0) },
  )
  return quantizedOf(node, context, w, y, parts[0]?.[0] ?? '', [scale, zero])
}

const pool = ['kernel_shape', 'pads', 'strides', 'auto_pad', 'ceil_mode', 'count_include_pad']

export const microsoftQuantized: readonly [string, Converter][] = [
  ['com.microsoft.QuantizeLinear', quantize],
  ['com.microsoft.DequantizeLinear', dequantize],
  ['com.microsoft.QLinearAdd', binary('Add')],
  ['com.microsoft.QLinearMul', binary('Mul')],
  ['com.microsoft.QLinearConcat', concat],
  ['com.microsoft.QLinearSigmoid', unary('Sigmoid')],
  ['com.microsoft.QLinearLeakyRelu', unary('LeakyRelu', 'alpha')],
  ['com.microsoft.QLinearGlobalAveragePool', unary('GlobalAveragePool')],
  ['com.microsoft.QLinearAveragePool', unary('AveragePool', ...pool)],
]
