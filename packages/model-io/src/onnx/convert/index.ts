import { celu, hardmax, isInf, isNaN, shrink, thresholdedRelu } from './activations.js'
import { attention, rotaryEmbedding } from './attention.js'
import { sinceSeven } from './before-seven.js'
import { same, type Converter } from './converter.js'
import { einsum } from './einsum.js'
import { compress, eyeLike, nonZero, oneHot, scatter, topK, trilu } from './indices.js'
import { microsoft } from './microsoft.js'
import { microsoftQuantized } from './microsoft-quantized.js'
import { averagePool, cast, castLike, dropout, gelu, maxPool } from './inference.js'
import { axesInputSince, clip, pad, slice, split } from './inputs.js'
import {
  batchNormalization,
  groupNormalization,
  layerNormalization,
  lpNormalization,
  lrn,
  meanVarianceNormalization,
  rmsNormalization,
} from './normalization.js'
import { globalLpPool, lpPool } from './pools.js'
import {
  convInteger,
  dequantize,
  dynamicQuantize,
  matMulInteger,
  qLinearConv,
  qLinearMatMul,
  quantize,
} from './quantize.js'
import { cumSum, reduceLogSum, reduceLogSumExp } from './reductions.js'
import { resize, upsample } from './resize.js'
import { softmax } from './softmax.js'

export type { Converted, ConvertContext } from './converter.js'

/** Operators whose form differs between the opsets, or that the graph has in another form. */
const converters: ReadonlyMap<string, Converter> = new Map([
  ['Attention', attention],
  ['AveragePool', averagePool],
  ['BatchNormalization', batchNormalization],
  ['Cast', cast],
  ['CastLike', castLike],
  ['Celu', celu],
  ['Clip', clip],
  ['Compress', compress],
  ['ConvInteger', convInteger],
  ['CumSum', cumSum],
  ['DequantizeLinear', dequantize],
  ['Dropout', dropout],
  ['DynamicQuantizeLinear', dynamicQuantize],
  ['Einsum', einsum],
  ['EyeLike', eyeLike],
  ['Gelu', gelu],
  ['GlobalLpPool', globalLpPool],
  ['GroupNormalization', groupNormalization],
  ['Hardmax', hardmax],
  ['IsInf', isInf],
  ['IsNaN', isNaN],
  ['LRN', lrn],
  ['LayerNormalization', layerNormalization],
  ['LogSoftmax', softmax],
  ['LpNormalization', lpNormalization],
  ['LpPool', lpPool],
  ['MatMulInteger', matMulInteger],
  ['MaxPool', maxPool],
  ['MeanVarianceNormalization', meanVarianceNormalization],
  ['NonZero', nonZero],
  ['OneHot', oneHot],
  ['Pad', pad],
  ['QLinearConv', qLinearConv],
  ['QLinearMatMul', qLinearMatMul],
  ['QuantizeLinear', quantize],
  ['RMSNormalization', rmsNormalization],
  ['ReduceL1', axesInputSince(18)],
  ['ReduceL2', axesInputSince(18)],
  ['ReduceLogSum', reduceLogSum],
  ['ReduceLogSumExp', reduceLogSumExp],
  ['ReduceMax', axesInputSince(18)],
  ['ReduceMean', axesInputSince(18)],
  ['ReduceMin', axesInputSince(18)],
  ['ReduceProd', axesInputSince(18)],
  ['ReduceSum', axesInputSince(13)],
  ['ReduceSumSquare', axesInputSince(18)],
  ['Resize', resize],
  ['RotaryEmbedding', rotaryEmbedding],
  ['Scatter', scatter],
  ['Shrink', shrink],
  ['Slice', slice],
  ['Softmax', softmax],
  ['Split', split],
  ['Squeeze', axesInputSince(13)],
  ['ThresholdedRelu', thresholdedRelu],
  ['TopK', topK],
  ['Trilu', trilu],
  ['Unsqueeze', axesInputSince(13)],
  ['Upsample', upsample],
  ...microsoft,
  ...microsoftQuantized,
])

const today: Converter = (node) => [same(node)]

export const converterOf = (op: string): Converter => {
  const converter = converters.get(op) ?? today
  return (node, context) => {
    if (node.opset >= 7) return converter(node, context)
    const later = sinceSeven(node, context)
    return [...later.before, ...converter(later.node, context)]
  }
}
