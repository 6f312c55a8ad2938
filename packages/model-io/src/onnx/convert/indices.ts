import { fromNumbers, int64, toNumbers } from '@tacojs/graph'
import { widened } from '../../stored-type.js'
import { dataTypeOf, storageOf } from '../data-types.js'
import { fitting, number, place, refuse, same, type Converter } from './converter.js'
import { Writer } from './writer.js'

/** OneHot: `on` where a place of the new axis equals the index, negative ones counted from the end. */
export const oneHot: Converter = (node, context) => {
  const [indices = '', depthName = '', values = ''] = node.inputs
  const depth = context.value(depthName)
  if (depth?.data.length !== 1) refuse(node, 'its depth is not constant')
  const size = Number(depth.data[0])
  fitting(node, size)
  const rank = context.typeOf(indices).shape.length + 1
  const given = number(node, 'axis', -1)
  const axis = given < 0 ? given + rank : given
  const w = new Writer(node, context)
  const whole = w.add('Cast', [indices], { to: dataTypeOf('int64') })
  const zero = w.scalar('zero', 0, 'int64')
  const below = w.add('Less', [whole, zero])
  const positive = w.add('Where', [below, w.add('Add', [whole, w.scalar('depth', size, 'int64')]), whole])
  const places = int64(
    Array.from({ length: rank }, (_, i) => (i === axis ? size : 1)),
    [...new Array(size).keys()],
  )
  const spread = w.add('Unsqueeze', [positive, w.ints('axes', [axis])])
  const hit = w.add('Equal', [spread, w.constant('places', places)])
  const [off, on] = [0, 1].map((i) => w.add('Gather', [values, w.scalar('which', i, 'int64')], { axis: 0 }))
  return w.end('Where', [hit, on!, off!])
}

/** Trilu: the last two axes, of known size, beyond a diagonal are zero. */
export const trilu: Converter = (node, context) => {
  const [x = '', kName = ''] = node.inputs
  const { dtype, shape } = context.typeOf(x)
  const [rows, columns] = shape.slice(-2)
  const k = kName === '' ? 0 : context.value(kName)?.data[0]
  if (typeof rows !== 'number' || typeof columns !== 'number' || k === undefined) {
    refuse(node, 'its sizes or its diagonal are not known')
  }
  fitting(node, rows, columns)
  const upper = number(node, 'upper', 1) !== 0
  const kept = Array.from({ length: rows * columns }, (_, i) => {
    const distance = (i % columns) - Math.floor(i / columns) - Number(k)
    return Number(upper ? distance >= 0 : distance <= 0)
  })
  const w = new Writer(node, context)
  return w.end('Where', [w.constant('kept', fromNumbers('bool', [rows, columns], kept)), x, w.scalar('zero', 0, dtype)])
}

/** EyeLike of a known size: ones on a diagonal. */
export const eyeLike: Converter = (node, context) => {
  const { dtype, shape } = context.typeOf(node.inputs[0] ?? '')
  const [rows, columns] = shape
  if (typeof rows !== 'number' || typeof columns !== 'number') refuse(node, 'its size is not known')
  fitting(node, rows, columns)
  const to = number(node, 'dtype', 0)
  const type = to === 0 ? dtype : widened(storageOf(to, place(node)).type)
  const k = number(node, 'k', 0)
  const values = Array.from({ length: rows * columns }, (_, i) => Number((i % columns) - Math.floor(i / columns) === k))
  return new Writer(node, context).is(
    context.addConstant(`${node.outputs[0]}_eye`, fromNumbers(type, [rows, columns], values)),
  )
}

/** NonZero of a constant: the coordinates of what is not zero, [rank, count]. */
export const nonZero: Converter = (node, context) => {
  const x = context.value(node.inputs[0] ?? '')
  if (!x) refuse(node, 'the size of its result depends on the data')
  const hits = toNumbers(x).flatMap((v, i) => (v ? [i] : []))
  const rows = x.shape.map((size, axis) => {
    const inner = x.shape.slice(axis + 1).reduce((a, b) => a * b, 1)
    return hits.map((i) => Math.floor(i / inner) % size)
  })
  const found = int64([x.shape.length, hits.length], rows.flat())
  return new Writer(node, context).is(context.addConstant(`${node.outputs[0]}_indices`, found))
}

/** Compress by a constant condition: Gather of the places that are kept. */
export const compress: Converter = (node, context) => {
  const [x = '', condition = ''] = node.inputs
  const kept = context.value(condition)
  if (!kept) refuse(node, 'the size of its result depends on the data')
  const places = toNumbers(kept).flatMap((v, i) => (v ? [i] : []))
  const w = new Writer(node, context)
  const indices = w.ints('places', places)
  if (node.attributes.axis !== undefined) return w.end('Gather', [x, indices], { axis: number(node, 'axis', 0) })
  return w.end('Gather', [w.reshape(x, [-1]), indices], { axis: 0 })
}

/** Scatter is ScatterElements by its old name. */
export const scatter: Converter = (node) => [same(node, { op: 'ScatterElements' })]

/** Before 10 the number of elements was an attribute. */
export const topK: Converter = (node, context) => {
  const attributes = Object.fromEntries(Object.entries(node.attributes).filter(([name]) => name !== 'k'))
  if (node.opset >= 10) return [same(node)]
  const k = context.addConstant(`${node.outputs[0]}_k`, int64([1], [number(node, 'k', 0)]))
  return [same(node, { inputs: [node.inputs[0] ?? '', k], attributes })]
}
