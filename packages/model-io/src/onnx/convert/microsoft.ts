import type { Attribute } from '@tacojs/graph'
import type { RawNode } from '../flatten.js'
import { number, numbers, refuse, without, type ConvertContext, type Converter } from './converter.js'
import { Writer } from './writer.js'

/**
 * Operators that onnxruntime's optimizer makes of ONNX's (domain com.microsoft; described in its ContribOperators.md),
 * as they are in models that were saved after optimization.
 */

const own = 'ai.tacojs'

/** The activation that an operator has taken over. */
function activated(node: RawNode, w: Writer, x: string, parameters: readonly number[]): string {
  const { activation } = node.attributes
  if (activation === undefined || activation === '') return x
  const [a = 0, b = 0] = parameters
  switch (activation) {
    case 'Relu':
    case 'Tanh':
    case 'Sigmoid':
    case 'HardSwish':
      return w.add(activation, [x])
    case 'LeakyRelu':
      return w.add('LeakyRelu', [x], { alpha: a })
    case 'HardSigmoid':
      return w.add('HardSigmoid', [x], { alpha: a, beta: b })
    case 'Clip':
      return w.add('Clip', [x, w.scalar('min', a), w.scalar('max', b)])
  }
  return refuse(node, `activation ${String(activation)} is not supported`)
}

/** Conv, then a value that is added, then an activation. */
const fusedConv: Converter = (node, context) => {
  const [x = '', weight = '', bias = '', addend = ''] = node.inputs
  const w = new Writer(node, context)
  const attributes = without(node.attributes, 'activation', 'activation_params')
  let y = w.add('Conv', bias === '' ? [x, weight] : [x, weight, bias], attributes)
  if (addend !== '') y = w.add('Add', [y, addend])
  return w.is(activated(node, w, y, numbers(node, 'activation_params') ?? []))
}

const fusedGemm: Converter = (node, context) => {
  const w = new Writer(node, context)
  const names = Object.keys(node.attributes).filter((name) => name.startsWith('activation'))
  const y = w.add('Gemm', node.inputs, without(node.attributes, ...names))
  const parameters = [number(node, 'activation_alpha', 0), number(node, 'activation_beta', 0)]
  return w.is(activated(node, w, y, parameters))
}

/** alpha · A · B, the last two axes exchanged where said. */
const fusedMatMul: Converter = (node, context) => {
  const [a = '', b = ''] = node.inputs
  if (number(node, 'transBatchA', 0) !== 0 || number(node, 'transBatchB', 0) !== 0) {
    refuse(node, 'exchanged batch axes are not supported')
  }
  const w = new Writer(node, context)
  const side = (name: string, exchanged: boolean): string => {
    const rank = context.typeOf(name).shape.length
    if (!exchanged || rank < 2) return name
    const perm = Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i))
    return w.add('Transpose', [name], { perm })
  }
  const inputs = [side(a, number(node, 'transA', 0) !== 0), side(b, number(node, 'transB', 0) !== 0)]
  const alpha = number(node, 'alpha', 1)
  if (alpha === 1) return w.end('MatMul', inputs)
  return w.end('Mul', [w.add('MatMul', inputs), w.scalar('alpha', alpha, context.typeOf(a).dtype)])
}

/** Gelu of a sum with an optional bias. */
const biasGelu =
  (approximate: string): Converter =>
  (node, context) => {
    const [x = '', bias = ''] = node.inputs
    const w = new Writer(node, context)
    return w.end('Gelu', [bias === '' ? x : w.add('Add', [x, bias])], { approximate }, own)
  }

/** x · sigmoid(α·x). */
const quickGelu: Converter = (node, context) => {
  const [x = ''] = node.inputs
  const w = new Writer(node, context)
  const alpha = w.scalar('alpha', number(node, 'alpha', 1.702), context.typeOf(x).dtype)
  return w.end('Mul', [x, w.add('Sigmoid', [w.add('Mul', [x, alpha])])])
}

/** LayerNormalization of a sum, which the fourth output hands on. */
const skipLayerNormalization: Converter = (node, context) => {
  const [x = '', skip = '', gamma = '', beta = '', bias = ''] = node.inputs
  const [, mean = '', deviation = '', total = ''] = node.outputs
  if ([mean, deviation].some((o) => o !== '' && context.consumers(o).length > 0)) {
    refuse(node, 'its statistics are used, which is not supported')
  }
  const w = new Writer(node, context)
  let sum = w.add('Add', [x, skip])
  if (bias !== '') sum = w.add('Add', [sum, bias])
  if (total !== '') w.output(total, 'Identity', [sum])
  const attributes: Record<string, Attribute> = { axis: -1, epsilon: number(node, 'epsilon', 1e-12) }
  return w.end('LayerNormalization', beta === '' ? [sum, gamma] : [sum, gamma, beta], attributes)
}

/** Attention with the three projections in one weight [width, 3·width]; without masks and past. */
const packedAttention: Converter = (node, context) => {
  const [x = '', weight = '', bias = '', ...others] = node.inputs
  if (others.some((name) => name !== '') || numbers(node, 'qkv_hidden_sizes')) {
    refuse(node, 'masks, past values and widths of their own are not supported')
  }
  const w = new Writer(node, context)
  const product = w.add('MatMul', [x, weight])
  const all = bias === '' ? product : w.add('Add', [product, bias])
  const whole = context.typeOf(weight).shape.at(-1)
  if (typeof whole !== 'number') refuse(node, 'its width is not known')
  const width = whole / 3
  const [q, k, v] = [0, 1, 2].map((i) => {
    const [start, end, axis] = [i * width, (i + 1) * width, -1].map((n) => w.ints('part', [n])) as [
      string,
      string,
      string,
    ]
    return w.add('Slice', [all, start, end, axis])
  })
  return byHeads(node, context, w, [q!, k!, v!], width)
}

/** Attention of projections that were made before; a bias for the three may be added to them. */
const multiHeadAttention: Converter = (node, context) => {
  const [q = '', k = '', v = '', bias = '', ...others] = node.inputs
  const { shape } = context.typeOf(q)
  const width = shape.at(-1)
  if (others.some((name) => name !== '') || k === '' || v === '' || shape.length !== 3 || typeof width !== 'number') {
    refuse(node, 'masks, past values and packed inputs are not supported')
  }
  const w = new Writer(node, context)
  const biased = [q, k, v].map((name, i) => {
    if (bias === '') return name
    const [start, end, axis] = [i * width, (i + 1) * width, 0].map((n) => w.ints('part', [n])) as [
      string,
      string,
      string,
    ]
    return w.add('Add', [name, w.add('Slice', [bias, start, end, axis])])
  })
  return byHeads(node, context, w, biased as [string, string, string], width)
}

/** softmax(scale·QKᵀ)·V on [batch, tokens, heads·width]. */
function byHeads(
  node: RawNode,
  context: ConvertContext,
  w: Writer,
  parts: readonly [string, string, string],
  width: number,
) {
  if (number(node, 'unidirectional', 0) !== 0) refuse(node, 'causal attention is not supported')
  const heads = number(node, 'num_heads', 0)
  if (!(heads > 0 && width % heads === 0)) refuse(node, `a width of ${width} is not supported for ${heads} heads`)
  const split = (name: string): string =>
    w.add('Transpose', [w.reshape(name, [0, 0, heads, width / heads])], { perm: [0, 2, 1, 3] })
  const [q, k, v] = parts.map(split) as [string, string, string]
  const scores = w.add('MatMul', [q, w.add('Transpose', [k], { perm: [0, 1, 3, 2] })])
  const scale = number(node, 'scale', 0) || 1 / Math.sqrt(width / heads)
  const scaled = w.add('Mul', [scores, w.scalar('scale', scale, context.typeOf(node.inputs[0] ?? '').dtype)])
  const mixed = w.add('MatMul', [w.add('Softmax', [scaled], { axis: -1 }), v])
  return w.end('Reshape', [w.add('Transpose', [mixed], { perm: [0, 2, 1, 3] }), w.ints('shape', [0, 0, width])])
}

export const microsoft: readonly [string, Converter][] = [
  ['com.microsoft.FusedConv', fusedConv],
  ['com.microsoft.FusedGemm', fusedGemm],
  ['com.microsoft.FusedMatMul', fusedMatMul],
  ['com.microsoft.TransposeMatMul', fusedMatMul],
  ['com.microsoft.Gelu', biasGelu('none')],
  ['com.microsoft.BiasGelu', biasGelu('none')],
  ['com.microsoft.FastGelu', biasGelu('tanh')],
  ['com.microsoft.QuickGelu', quickGelu],
  ['com.microsoft.SkipLayerNormalization', skipLayerNormalization],
  ['com.microsoft.Attention', packedAttention],
  ['com.microsoft.MultiHeadAttention', multiHeadAttention],
]
