import { widened } from '../../stored-type.js'
import { dataTypeOf, storageOf } from '../data-types.js'
import { firstOutputOnly, number, place, refuse, same, without, type Converter } from './converter.js'

/** Dropout does nothing in inference; in training mode it cannot be had. */
export const dropout: Converter = (node, context) => {
  const training = node.inputs[2]
  if (training && context.constant(training)?.data[0] !== 0) refuse(node, 'training mode is not supported')
  const outputs = firstOutputOnly(node, context)
  return [same(node, { op: 'Identity', inputs: node.inputs.slice(0, 1), outputs, attributes: {} })]
}

export const batchNormalization: Converter = (node, context) => {
  if (number(node, 'training_mode', 0) !== 0) refuse(node, 'training mode is not supported')
  if (number(node, 'spatial', 1) !== 1) refuse(node, 'statistics per position (spatial = 0) are not supported')
  const attributes = without(node.attributes, 'training_mode', 'spatial', 'momentum')
  return [same(node, { outputs: firstOutputOnly(node, context), attributes })]
}

/** `stash_type` is the precision of the intermediate results, which is ours to choose. */
export const layerNormalization: Converter = (node, context) => [
  same(node, { outputs: firstOutputOnly(node, context), attributes: without(node.attributes, 'stash_type') }),
]

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
