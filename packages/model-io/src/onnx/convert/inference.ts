import { fromNumbers } from '@tacojs/graph'
import { widened } from '../../stored-type.js'
import { dataTypeOf, storageOf } from '../data-types.js'
import { firstOutputOnly, number, place, refuse, same, without, type Converter } from './converter.js'
import { Writer } from './writer.js'

/** Dropout does nothing in inference, its mask is all true; in training mode it cannot be had. */
export const dropout: Converter = (node, context) => {
  const [x = '', , training] = node.inputs
  if (training && context.constant(training)?.data[0] !== 0) refuse(node, 'training mode is not supported')
  const mask = node.outputs[1]
  const w = new Writer(node, context)
  if (mask && (context.isOutput(mask) || context.consumers(mask).length > 0)) {
    // before 10 the mask had the data type of the input
    const { dtype } = context.typeOf(x)
    const value = fromNumbers(node.opset < 10 ? dtype : 'bool', [1], [1])
    w.output(mask, 'ConstantOfShape', [w.add('Shape', [x])], { value })
  }
  return w.is(x)
}

/** Indices are not computed; so their order (`storage_order`) does not matter. */
export const maxPool: Converter = (node, context) => [
  same(node, { outputs: firstOutputOnly(node, context), attributes: without(node.attributes, 'storage_order') }),
]

/** Dilations came with 19. */
export const averagePool: Converter = (node) => {
  const { dilations } = node.attributes
  if (Array.isArray(dilations) && dilations.some((d) => d !== 1)) refuse(node, 'dilations are not supported')
  return [same(node, { attributes: without(node.attributes, 'dilations') })]
}

/** Half precision is computed in float32, so a cast to it is a cast to float32. */
export const cast: Converter = (node) => {
  const to = number(node, 'to', 0)
  return [same(node, { attributes: { to: dataTypeOf(widened(storageOf(to, place(node)).type)) } })]
}

/** Our own Gelu has the attribute and the meaning of ONNX's, which came with 20. */
export const gelu: Converter = (node) => [
  same(node, { domain: 'ai.tacojs', attributes: { approximate: 'none', ...node.attributes } }),
]

/** A cast to the data type of another value, which is known. */
export const castLike: Converter = (node, context) => {
  const [x = '', like = ''] = node.inputs
  return [same(node, { op: 'Cast', inputs: [x], attributes: { to: dataTypeOf(context.typeOf(like).dtype) } })]
}
