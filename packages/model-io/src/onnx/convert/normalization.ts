import { fromNumbers, type Dim } from '@tacojs/graph'
import {
  firstOutputOnly,
  fitting,
  number,
  numbers,
  refuse,
  same,
  without,
  type ConvertContext,
  type Converter,
} from './converter.js'
import { planeAxes } from './pools.js'
import { Writer } from './writer.js'

const isUsed = (name: string | undefined, context: ConvertContext): boolean =>
  name !== undefined && name !== '' && (context.isOutput(name) || context.consumers(name).length > 0)

/**
 * LayerNormalization. `stash_type` is the precision of the intermediate results, which is ours to choose. Where the mean
 * or the inverse deviation is used as well, they are written out.
 */
export const layerNormalization: Converter = (node, context) => {
  const [x = ''] = node.inputs
  const [y = '', mean, inverse] = node.outputs
  const attributes = without(node.attributes, 'stash_type')
  const main = same(node, { outputs: [y], attributes })
  if (!isUsed(mean, context) && !isUsed(inverse, context)) return [main]
  const { dtype, shape } = context.typeOf(x)
  const given = number(node, 'axis', -1)
  const first = given < 0 ? given + shape.length : given
  const w = new Writer(node, context)
  const axes = w.ints('axes', shape.map((_, i) => i).slice(first))
  const center = w.add('ReduceMean', [x, axes], { keepdims: 1 })
  if (mean) w.output(mean, 'Identity', [center])
  if (inverse) {
    const deviation = w.add('Sub', [x, center])
    const variance = w.add('ReduceMean', [w.add('Mul', [deviation, deviation]), axes], { keepdims: 1 })
    const epsilon = w.scalar('epsilon', number(node, 'epsilon', 1e-5), dtype)
    w.output(inverse, 'Reciprocal', [w.add('Sqrt', [w.add('Add', [variance, epsilon])])])
  }
  return w.end('LayerNormalization', node.inputs, attributes)
}

/**
 * GroupNormalization: instance normalisation of the groups, each as one channel; then the factors, one a group before
 * opset 21, one a channel since.
 */
export const groupNormalization: Converter = (node, context) => {
  const [x = '', scale = '', bias = ''] = node.inputs
  const { dtype, shape } = context.typeOf(x)
  const [, channels] = shape
  const groups = number(node, 'num_groups', 0)
  if (typeof channels !== 'number' || !(groups > 0) || channels % groups !== 0) {
    refuse(node, `${channels} channels in ${groups} groups are not supported`)
  }
  fitting(node, groups)
  const w = new Writer(node, context)
  const constant = (name: string, value: number): string =>
    w.constant(name, fromNumbers(dtype, [groups], new Array<number>(groups).fill(value)))
  const grouped = w.reshape(x, [0, groups, -1])
  const epsilon = number(node, 'epsilon', 1e-5)
  const unit = w.add('InstanceNormalization', [grouped, constant('ones', 1), constant('zeros', 0)], { epsilon })
  const ones = planeAxes(shape).map(() => 1)
  if (node.opset < 21) {
    const perGroup = (p: string): string => w.reshape(p, [1, groups, 1])
    const scaled = w.add('Add', [w.add('Mul', [unit, perGroup(scale)]), perGroup(bias)])
    return w.end('Reshape', [scaled, w.add('Shape', [x])])
  }
  const back = w.add('Reshape', [unit, w.add('Shape', [x])])
  const perChannel = (p: string): string => w.reshape(p, [1, channels, ...ones])
  return w.end('Add', [w.add('Mul', [back, perChannel(scale)]), perChannel(bias)])
}

/** X / √(mean(X²) + ε) · scale over the axes from `axis` on. */
export const rmsNormalization: Converter = (node, context) => {
  const [x = '', scale = ''] = node.inputs
  const { dtype, shape } = context.typeOf(x)
  const given = number(node, 'axis', -1)
  const first = given < 0 ? given + shape.length : given
  const w = new Writer(node, context)
  const axes = w.ints('axes', shape.map((_, i) => i).slice(first))
  const square = w.add('ReduceMean', [w.add('Mul', [x, x]), axes], { keepdims: 1 })
  const epsilon = w.scalar('epsilon', number(node, 'epsilon', 1e-5), dtype)
  const root = w.add('Sqrt', [w.add('Add', [square, epsilon])])
  return w.end('Mul', [w.add('Div', [x, root]), scale])
}

/** (X − mean) / (√variance + 1e-9), by default over batch and places (axes 0, 2, 3). */
export const meanVarianceNormalization: Converter = (node, context) => {
  const [x = ''] = node.inputs
  const { dtype } = context.typeOf(x)
  const w = new Writer(node, context)
  const axes = w.ints('axes', numbers(node, 'axes') ?? [0, 2, 3])
  const centered = w.add('Sub', [x, w.add('ReduceMean', [x, axes], { keepdims: 1 })])
  const variance = w.add('ReduceMean', [w.add('Mul', [centered, centered]), axes], { keepdims: 1 })
  return w.end('Div', [centered, w.add('Add', [w.add('Sqrt', [variance]), w.scalar('epsilon', 1e-9, dtype)])])
}

/** X / (Σ |x|^p)^(1/p) along an axis, p 1 or 2. */
export const lpNormalization: Converter = (node, context) => {
  const [x = ''] = node.inputs
  const p = number(node, 'p', 2)
  if (p !== 1 && p !== 2) refuse(node, `p = ${p} is not supported`)
  const w = new Writer(node, context)
  const axes = w.ints('axes', [number(node, 'axis', -1)])
  return w.end('Div', [x, w.add(p === 1 ? 'ReduceL1' : 'ReduceL2', [x, axes], { keepdims: 1 })])
}

/**
 * LRN: X / (bias + α/size · Σ x²)^β, the sum over `size` neighbouring channels (Krizhevsky et al. 2012). The sum is an
 * average over channels as rows of an image, its padding counted.
 */
export const lrn: Converter = (node, context) => {
  const [x = ''] = node.inputs
  const { dtype, shape } = context.typeOf(x)
  const channels: Dim | undefined = shape[1]
  const size = number(node, 'size', 0)
  if (typeof channels !== 'number' || size < 1) refuse(node, 'its channels or its size are not known')
  const [before, after] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)]
  const w = new Writer(node, context)
  const image = w.reshape(w.add('Mul', [x, x]), [0, 1, channels, -1])
  const mean = w.add('AveragePool', [image], {
    kernel_shape: [size, 1],
    pads: [before, 0, after, 0],
    count_include_pad: 1,
  })
  const back = w.add('Reshape', [mean, w.add('Shape', [x])])
  const alpha = w.add('Mul', [back, w.scalar('alpha', number(node, 'alpha', 1e-4), dtype)])
  const sum = w.add('Add', [alpha, w.scalar('bias', number(node, 'bias', 1), dtype)])
  return w.end('Div', [x, w.add('Pow', [sum, w.scalar('beta', number(node, 'beta', 0.75), dtype)])])
}

export const batchNormalization: Converter = (node, context) => {
  if (number(node, 'training_mode', 0) !== 0) refuse(node, 'training mode is not supported')
  if (number(node, 'spatial', 1) !== 1) refuse(node, 'statistics per position (spatial = 0) are not supported')
  const attributes = without(node.attributes, 'training_mode', 'spatial', 'momentum', 'is_test')
  return [same(node, { outputs: firstOutputOnly(node, context), attributes })]
}
