import { int64 } from '@tacojs/graph'
import type { Builder } from '../network.js'
import { dense, gelu, layerNorm, own, type Form } from './parts.js'

export interface VitSpec {
  readonly form: Form
  /** How queries, keys and values are cut from one linear layer's output; timm's models export the first two. */
  readonly cut: 'Gather' | 'Split' | 'Split of the last axis'
  readonly tokens: number
  readonly heads: number
  readonly width: number
}

/** [B, N, 3·C] to three tensors [B, heads, N, C / heads]. */
function queriesKeysValues(b: Builder, { cut, tokens, heads, width }: VitSpec, qkv: string): string[] {
  const { add, addMany, longs, value } = b
  if (cut === 'Split of the last axis') {
    return addMany('Split', [qkv, longs(width, width, width)], 3, { axis: -1 }).map((part) =>
      add('Transpose', [add('Reshape', [part, longs(-1, tokens, heads, width / heads)])], { perm: [0, 2, 1, 3] }),
    )
  }
  const parts = add('Transpose', [add('Reshape', [qkv, longs(-1, tokens, 3, heads, width / heads)])], {
    perm: [2, 0, 3, 1, 4],
  })
  return cut === 'Gather'
    ? [0, 1, 2].map((i) => add('Gather', [parts, value(int64([], [i]))], { axis: 0 }))
    : addMany('Split', [parts, longs(1, 1, 1)], 3, { axis: 0 }).map((part) => add('Squeeze', [part, longs(0)]))
}

/** softmax(Q·Kᵀ/√d)·V over heads (Vaswani et al. 2017, eq. 1), and the projection. */
export function attention(b: Builder, spec: VitSpec, x: string, bias?: string): string {
  const { add, scalar, longs } = b
  const { form, tokens, heads, width } = spec
  const scale = 1 / Math.sqrt(width / heads)
  const [q, k, v] = queriesKeysValues(b, spec, dense(b, form, x, width, 3 * width)) as [string, string, string]
  let mixed: string
  if (form === 'own') mixed = add('Attention', bias ? [q, k, v, bias] : [q, k, v], { scale }, own)
  else {
    const scores = add('MatMul', [add('Mul', [q, scalar(scale)]), add('Transpose', [k], { perm: [0, 1, 3, 2] })])
    mixed = add('MatMul', [add('Softmax', [bias ? add('Add', [scores, bias]) : scores], { axis: -1 }), v])
  }
  const joined = add('Reshape', [add('Transpose', [mixed], { perm: [0, 2, 1, 3] }), longs(-1, tokens, width)])
  return dense(b, form, joined, width, width)
}

/** Dosovitskiy et al. 2021, eq. 2–3: x + attention(norm(x)), then x + mlp(norm(x)); layer scale of Touvron et al. 2021. */
export function vitBlock(b: Builder, spec: VitSpec, x: string, layerScale = false): string {
  const { form, width } = spec
  const scaled = (y: string): string => {
    if (!layerScale) return y
    return form === 'own' ? b.add('LayerScale', [y, b.weight(width)], {}, own) : b.add('Mul', [y, b.weight(width)])
  }
  const y = b.add('Add', [x, scaled(attention(b, spec, layerNorm(b, x, width)))])
  const hidden = gelu(b, form, dense(b, form, layerNorm(b, y, width), width, 4 * width))
  return b.add('Add', [y, scaled(dense(b, form, hidden, 4 * width, width))])
}

/** Images [B, 3, 8, 12] in patches of 4, a class token before the others or none, two blocks, the head on one token. */
export function vit(b: Builder, form: Form, head: 'class token' | 'mean of tokens'): string {
  const { add, weight, value, longs } = b
  const [patches, width] = [6, 8]
  const classToken = head === 'class token'
  const spec: VitSpec = { form, cut: 'Split', tokens: patches + (classToken ? 1 : 0), heads: 2, width }
  const maps = add('Conv', ['x', weight(width, 3, 4, 4), weight(width)], { kernel_shape: [4, 4], strides: [4, 4] })
  let x = add('Transpose', [add('Reshape', [maps, longs(0, width, -1)])], { perm: [0, 2, 1] })
  if (classToken) {
    const token = weight(1, 1, width)
    let tokens: string
    if (form === 'own') tokens = add('ExpandBatch', [token, 'x'], {}, own)
    else {
      const batch = add('Gather', [add('Shape', ['x']), longs(0)], { axis: 0 })
      tokens = add('Expand', [token, add('Concat', [batch, longs(1, 1)], { axis: 0 })])
    }
    x = add('Concat', [tokens, x], { axis: 1 })
  }
  x = add('Add', [x, weight(1, spec.tokens, width)])
  for (let i = 0; i < 2; i++) x = vitBlock(b, spec, x)
  x = layerNorm(b, x, width)
  const features = classToken
    ? add('Gather', [x, value(int64([], [0]))], { axis: 1 })
    : add('ReduceMean', [x, longs(1)], { keepdims: 0 })
  return add('Gemm', [features, weight(5, width), weight(5)], { transB: 1 })
}
