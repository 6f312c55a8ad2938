import { fromNumbers } from '@tacojs/graph'
import { fitting, number, refuse, type Converter } from './converter.js'
import { axesInputSince } from './inputs.js'
import { Writer } from './writer.js'

/** log Σ x. */
export const reduceLogSum: Converter = (node, context) => {
  const [sum] = axesInputSince(18)(node, context)
  const w = new Writer(node, context)
  return w.end('Log', [w.add('ReduceSum', sum!.inputs, sum!.attributes)])
}

/** log Σ exp x, the maximum taken out first so that nothing overflows. */
export const reduceLogSumExp: Converter = (node, context) => {
  const [reduce] = axesInputSince(18)(node, context)
  const [x = '', ...axes] = reduce!.inputs
  const { attributes } = reduce!
  const w = new Writer(node, context)
  const kept = { ...attributes, keepdims: 1 }
  const largest = w.add('ReduceMax', [x, ...axes], kept)
  const rest = w.add('Log', [w.add('ReduceSum', [w.add('Exp', [w.add('Sub', [x, largest])]), ...axes], attributes)])
  const shift = number(node, 'keepdims', 1) ? largest : w.add('ReduceMax', [x, ...axes], attributes)
  return w.end('Add', [rest, shift])
}

/** Sums up to each place along an axis of known length: a product with a triangle of ones. */
export const cumSum: Converter = (node, context) => {
  const [x = '', axisName = ''] = node.inputs
  const { dtype, shape } = context.typeOf(x)
  const given = context.value(axisName)
  if (given?.data.length !== 1) refuse(node, 'its axis is not constant')
  const axis = Number(given.data[0]) < 0 ? Number(given.data[0]) + shape.length : Number(given.data[0])
  const length = shape[axis]
  if (typeof length !== 'number') refuse(node, 'the size of its axis is not known')
  fitting(node, length, length)
  const [exclusive, reverse] = [number(node, 'exclusive', 0) !== 0, number(node, 'reverse', 0) !== 0]
  // element [from, to] of the triangle: whether x[from] is part of the sum at `to`
  const values = new Float64Array(length * length)
  for (let from = 0; from < length; from++) {
    for (let to = 0; to < length; to++) {
      const part = from === to ? !exclusive : from < to !== reverse
      if (part) values[from * length + to] = 1
    }
  }
  const w = new Writer(node, context)
  const triangle = fromNumbers(dtype, [length, length], values)
  const perm = shape.map((_, i) => (i === axis ? shape.length - 1 : i === shape.length - 1 ? axis : i))
  const moved = w.add('Transpose', [x], { perm })
  return w.end('Transpose', [w.add('MatMul', [moved, w.constant('triangle', triangle)])], { perm })
}
