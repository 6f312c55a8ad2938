import { same, type Converter } from './converter.js'
import {
  averagePool,
  batchNormalization,
  cast,
  castLike,
  dropout,
  gelu,
  layerNormalization,
  maxPool,
} from './inference.js'
import { axesInputSince, clip, pad, slice, split } from './inputs.js'
import { dequantize, quantize } from './quantize.js'
import { softmax } from './softmax.js'

export type { Converted, ConvertContext } from './converter.js'

/** Operators whose form differs between the opsets, or that the graph has in another form. */
const converters: ReadonlyMap<string, Converter> = new Map([
  ['AveragePool', averagePool],
  ['BatchNormalization', batchNormalization],
  ['Cast', cast],
  ['CastLike', castLike],
  ['Clip', clip],
  ['DequantizeLinear', dequantize],
  ['Dropout', dropout],
  ['Gelu', gelu],
  ['LayerNormalization', layerNormalization],
  ['LogSoftmax', softmax],
  ['MaxPool', maxPool],
  ['Pad', pad],
  ['QuantizeLinear', quantize],
  ['ReduceL1', axesInputSince(18)],
  ['ReduceL2', axesInputSince(18)],
  ['ReduceMax', axesInputSince(18)],
  ['ReduceMean', axesInputSince(18)],
  ['ReduceMin', axesInputSince(18)],
  ['ReduceProd', axesInputSince(18)],
  ['ReduceSum', axesInputSince(13)],
  ['ReduceSumSquare', axesInputSince(18)],
  ['Slice', slice],
  ['Softmax', softmax],
  ['Split', split],
  ['Squeeze', axesInputSince(13)],
  ['Unsqueeze', axesInputSince(13)],
])

export const converterOf = (op: string): Converter => converters.get(op) ?? ((node) => [same(node)])
