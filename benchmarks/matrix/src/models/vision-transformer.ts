import { float32, int64, type Graph } from '@tacojs/graph'
import { createBuilder, type Builder } from './builder.js'

export interface VisionTransformerSpec {
  readonly name: string
  readonly image: number
  readonly patch: number
  readonly dim: number
  readonly depth: number
  readonly heads: number
  readonly classes: number
}

/** A ViT with a class token and MLPs of four times the width, operator by operator as PyTorch exports timm's. */
export function visionTransformer(spec: VisionTransformerSpec): Graph {
  const { name, image, patch, dim, depth, heads, classes } = spec
  const patches = (image / patch) ** 2
  const b = createBuilder(name, image)
  const embedded = b.conv(b.input, 'patch_embed.proj', { from: 3, to: dim, kernel: patch, stride: patch })
  const flat = b.op('Reshape', [embedded, b.ints('patch_embed.shape', [0, dim, patches])])
  const rows = b.op('Transpose', [flat], { perm: [0, 2, 1] })
  let x = b.op('Concat', [classToken(b, dim), rows], { axis: 1 })
  x = b.op('Add', [x, b.random('pos_embed', [1, patches + 1, dim], 0.5)])
  for (let i = 0; i < depth; i++) {
    const block = `blocks.${i}`
    const normed = b.layerNorm(x, `${block}.norm1`, dim)
    x = b.op('Add', [x, attention(b, normed, `${block}.attn`, { tokens: patches + 1, heads, dim })])
    const hidden = b.linear(b.layerNorm(x, `${block}.norm2`, dim), `${block}.mlp.fc1`, dim, 4 * dim)
    x = b.op('Add', [x, b.linear(b.gelu(hidden), `${block}.mlp.fc2`, 4 * dim, dim)])
  }
  const first = b.op('Gather', [b.layerNorm(x, 'norm', dim), b.constant('first', int64([], [0]))], { axis: 1 })
  return b.finish(b.head(first, 'head', dim, classes), classes)
}

/** One learnt row per image. */
function classToken(b: Builder, dim: number): string {
  const batch = b.op('Shape', [b.input], { start: 0, end: 1 })
  const shape = b.op('Concat', [batch, b.ints('cls_token.shape', [1, dim])], { axis: 0 })
  return b.op('Expand', [b.random('cls_token', [1, 1, dim], 0.5), shape])
}

function attention(
  b: Builder,
  x: string,
  layer: string,
  { tokens, heads, dim }: { readonly tokens: number; readonly heads: number; readonly dim: number },
): string {
  const width = dim / heads
  const qkv = b.linear(x, `${layer}.qkv`, dim, 3 * dim)
  const parts = b.op('Reshape', [qkv, b.ints('attn.shape', [0, tokens, 3, heads, width])])
  const turned = b.op('Transpose', [parts], { perm: [2, 0, 3, 1, 4] })
  const each = ['q', 'k', 'v'].map((part) => `${layer}.${part}`)
  b.op('Split', [turned, b.ints('attn.split', [1, 1, 1])], { axis: 0 }, each)
  const [q, k, v] = each.map((part) => b.op('Squeeze', [part, b.ints('attn.axis', [0])])) as [string, string, string]
  const scaled = b.op('Mul', [q, b.constant('attn.scale', float32([], [width ** -0.5]))])
  const scores = b.op('MatMul', [scaled, b.op('Transpose', [k], { perm: [0, 1, 3, 2] })])
  const mixed = b.op('MatMul', [b.op('Softmax', [scores], { axis: -1 }), v])
  const joined = b.op('Transpose', [mixed], { perm: [0, 2, 1, 3] })
  const flat = b.op('Reshape', [joined, b.ints('attn.joined', [0, tokens, dim])])
  return b.linear(flat, `${layer}.proj`, dim, dim)
}
