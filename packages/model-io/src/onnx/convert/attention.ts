import { TacoError } from '@tacojs/errors'
import { fromNumbers, int64, type Dim, type DType } from '@tacojs/graph'
import type { RawNode } from '../flatten.js'
import { fitting, number, place, refuse, type ConvertContext, type Converter } from './converter.js'
import { Writer } from './writer.js'

/**
 * Attention of opset 23: softmax(scale·Q·Kᵀ + mask)·V by heads, on [batch, heads, tokens, width] or on [batch, tokens,
 * heads·width]; grouped queries, soft cap, causal and given masks. Past keys and values are refused.
 */
export const attention: Converter = (node, context) => {
  const [q = '', k = '', v = '', mask = '', pastKey = '', pastValue = ''] = node.inputs
  if (pastKey || pastValue || node.outputs.slice(1).some((o) => o !== '')) {
    refuse(node, 'past keys and values and outputs besides the first are not supported')
  }
  const w = new Writer(node, context)
  const { dtype, shape } = context.typeOf(q)
  const flat = shape.length === 3
  if (!flat && shape.length !== 4) {
    throw new TacoError('INVALID_MODEL', `${place(node)}: its inputs have the rank ${shape.length}`)
  }
  const [queryHeads, keyHeads] = flat
    ? [number(node, 'q_num_heads', 0), number(node, 'kv_num_heads', 0)]
    : [Number(shape[1]), Number(context.typeOf(k).shape[1])]
  if (!(queryHeads > 0 && keyHeads > 0 && queryHeads % keyHeads === 0)) {
    refuse(node, `${queryHeads} heads of queries and ${keyHeads} of keys are not supported`)
  }
  fitting(node, queryHeads, 1024)
  const widthOf = (name: string, heads: number): number => {
    const last = context.typeOf(name).shape.at(-1)
    return typeof last === 'number' ? (flat ? last / heads : last) : refuse(node, 'its width is not known')
  }
  const split = (name: string, heads: number): string =>
    flat ? w.add('Transpose', [w.reshape(name, [0, 0, heads, widthOf(name, heads)])], { perm: [0, 2, 1, 3] }) : name
  /** Each head of keys serves several heads of queries. */
  const repeated = (x: string, width: number): string => {
    const times = queryHeads / keyHeads
    if (times === 1) return x
    const parts = w.add('Unsqueeze', [x, w.ints('axes', [2])])
    const spread = w.add('Concat', new Array<string>(times).fill(parts), { axis: 2 })
    return w.reshape(spread, [0, queryHeads, -1, width])
  }
  const width = widthOf(q, queryHeads)
  const [query, key, value] = [
    split(q, queryHeads),
    repeated(split(k, keyHeads), width),
    repeated(split(v, keyHeads), widthOf(v, keyHeads)),
  ]
  const scale = w.scalar('scale', number(node, 'scale', 1 / Math.sqrt(width)), dtype)
  let scores = w.add('MatMul', [query, w.add('Transpose', [key], { perm: [0, 1, 3, 2] })])
  scores = w.add('Mul', [scores, scale])
  const bias = biasOf(
    node,
    w,
    context,
    mask,
    flat ? [shape[1]!, context.typeOf(k).shape[1]!] : [shape[2]!, context.typeOf(k).shape[2]!],
    dtype,
  )
  const cap = number(node, 'softcap', 0)
  if (cap !== 0) {
    // versions of the specification differ in which of the two comes first
    if (bias.length > 0) refuse(node, 'a soft cap together with a mask is not supported')
    const limit = w.scalar('softcap', cap, dtype)
    scores = w.add('Mul', [w.add('Tanh', [w.add('Div', [scores, limit])]), limit])
  }
  for (const b of bias) scores = w.add('Add', [scores, b])
  const result = w.add('MatMul', [w.add('Softmax', [scores], { axis: -1 }), value])
  if (!flat) return w.is(result)
  const tokens = w.add('Transpose', [result], { perm: [0, 2, 1, 3] })
  return w.end('Reshape', [tokens, w.ints('shape', [0, 0, queryHeads * widthOf(v, keyHeads)])])
}

/** What is added to the scores: the mask, a bool one as 0 and −∞, and −∞ above the diagonal of causal attention. */
function biasOf(
  node: RawNode,
  w: Writer,
  context: ConvertContext,
  mask: string,
  [rows, columns]: readonly [Dim, Dim] | readonly Dim[],
  dtype: DType,
): string[] {
  const bias: string[] = []
  if (mask !== '') {
    const type = context.typeOf(mask)
    if (type.dtype === 'bool') {
      const [zero, never] = [w.scalar('zero', 0, dtype), w.constant('never', fromNumbers(dtype, [], [-Infinity]))]
      bias.push(w.add('Where', [mask, zero, never]))
    } else bias.push(mask)
  }
  if (number(node, 'is_causal', 0) !== 0) {
    if (typeof rows !== 'number' || typeof columns !== 'number') refuse(node, 'causal attention needs a known size')
    fitting(node, rows, columns)
    const values = new Float64Array(rows * columns).map((_, i) =>
      i % columns > Math.floor(i / columns) ? -Infinity : 0,
    )
    bias.push(w.constant('causal', fromNumbers(dtype, [rows, columns], values)))
  }
  return bias
}

/**
 * RotaryEmbedding of opset 23: the first dimensions of each head are turned by the angle of their position (Su et al.
 * 2021, eq. 34), halves of the width together, or neighbours where `interleaved`.
 */
export const rotaryEmbedding: Converter = (node, context) => {
  const [x = '', cosines = '', sines = '', positions = ''] = node.inputs
  const { shape } = context.typeOf(x)
  const w = new Writer(node, context)
  const flat = shape.length === 3
  const heads = flat ? number(node, 'num_heads', 0) : Number(shape[1])
  const last = shape.at(-1)
  if (typeof last !== 'number' || !(heads > 0)) refuse(node, 'its heads or their width are not known')
  const width = flat ? last / heads : last
  const turned = number(node, 'rotary_embedding_dim', 0) || width
  const half = turned / 2
  // [batch, tokens, heads, width]
  const byHead = flat ? w.reshape(x, [0, 0, heads, width]) : w.add('Transpose', [x], { perm: [0, 2, 1, 3] })
  const part = (from: string, begin: number, end: number, step = 1, axis = 3): string => {
    const range = [begin, end, axis, step].map((value, i) => w.constant(`range_${i}`, int64([1], [value])))
    return w.add('Slice', [from, ...range])
  }
  // [batch, tokens, 1, half]
  const angles = (table: string): string => {
    const rows = positions === '' ? table : w.add('Gather', [table, positions], { axis: 0 })
    return w.add('Unsqueeze', [rows, w.ints('axes', [2])])
  }
  const [cos, sin] = [angles(cosines), angles(sines)]
  const interleaved = number(node, 'interleaved', 0) !== 0
  const [a, b] = interleaved
    ? [part(byHead, 0, turned, 2), part(byHead, 1, turned, 2)]
    : [part(byHead, 0, half), part(byHead, half, turned)]
  const real = w.add('Sub', [w.add('Mul', [a, cos]), w.add('Mul', [b, sin])])
  const imaginary = w.add('Add', [w.add('Mul', [a, sin]), w.add('Mul', [b, cos])])
  let result: string
  if (interleaved) {
    const axes = w.ints('axes', [4])
    const pairs = [real, imaginary].map((y) => w.add('Unsqueeze', [y, axes]))
    result = w.reshape(w.add('Concat', pairs, { axis: 4 }), [0, 0, heads, turned])
  } else result = w.add('Concat', [real, imaginary], { axis: 3 })
  if (turned < width) result = w.add('Concat', [result, part(byHead, turned, width)], { axis: 3 })
  return flat
    ? w.end('Reshape', [result, w.ints('shape', [0, 0, last])])
    : w.end('Transpose', [result], { perm: [0, 2, 1, 3] })
}
