import { activation, layerScale, linear, normalize } from './layers.js'
import type { Network } from './network.js'
import { attend, attention, headsOf, normalizeHeads, toHeads, type Shared } from './vit-attention.js'
import { mlp } from './vit-mlp.js'

/** A branch's factor per feature, where there is one of these names. */
function scaled(net: Network, names: readonly string[], y: string): string {
  const name = names.find((n) => net.weights.has(n))
  return name ? layerScale(net, name, y) : y
}

/**
 * x + ls1(attention(norm1(x))), then x + ls2(mlp(norm2(x))); the factors `ls` (EVA: `gamma_`) where there are some. Where
 * the normalisation comes after the branch: x + norm1(attention(x)), then x + norm2(mlp(x)).
 */
export function block(net: Network, at: string, x: string, shared: Shared, bias?: string): string {
  const branch = (i: 1 | 2, from: string, inner: (value: string) => string): string => {
    const normalized = (value: string) => normalize(net, `${at}.norm${i}`, value, shared.norm)
    const y = shared.isPostNorm
      ? normalized(inner(from))
      : scaled(net, [`${at}.ls${i}.gamma`, `${at}.gamma_${i}`], inner(normalized(from)))
    return net.add('Add', `${at}.add${i}`, [from, y])
  }
  const attended = branch(1, x, (value) => attention(net, `${at}.attn`, value, shared, bias))
  return branch(2, attended, (value) => mlp(net, `${at}.mlp`, value, shared))
}

/** As a block, of several attentions that are summed up, then several MLPs that are (Touvron et al. 2022). */
export function manyBranchesBlock(net: Network, at: string, x: string, shared: Shared): string {
  const summed = (kind: 'attns' | 'ffns', from: string, inner: (at: string, value: string) => string): string => {
    let sum = from
    for (let i = 0; net.weights.has(`${at}.${kind}.${i}.norm.weight`); i++) {
      const branch = `${at}.${kind}.${i}`
      const y = inner(branch, normalize(net, `${branch}.norm`, from, shared.norm))
      sum = net.add('Add', `${branch}.add`, [sum, scaled(net, [`${branch}.ls.gamma`], y)])
    }
    return sum
  }
  const attended = summed('attns', x, (branch, value) => attention(net, `${branch}.attn`, value, shared))
  return summed('ffns', attended, (branch, value) => mlp(net, `${branch}.mlp`, value, shared))
}

/** Attention and MLP side by side, on one normalisation and from one layer (Dehghani et al. 2023). */
export function parallelBlock(net: Network, at: string, x: string, shared: Shared): string {
  const [, hidden = 0] = net.weights.shapeOf(`${at}.mlp_out_proj.weight`)
  const [, features = 0] = net.weights.shapeOf(`${at}.attn_out_proj.weight`)
  const heads = headsOf(net, at, features, shared.heads, shared.tokens)
  const projected = linear(net, `${at}.in_proj`, normalize(net, `${at}.in_norm`, x, shared.norm))
  const sizes = [hidden, features, features, features]
  const [m, q, k, v] = net.split(`${at}.parts`, projected, sizes, -1) as [string, string, string, string]
  const normalized = (name: string) => (value: string) => normalizeHeads(net, `${at}.${name}_norm`, value, shared)
  const qkv = [
    toHeads(net, `${at}.q`, q, heads, normalized('q')),
    toHeads(net, `${at}.k`, k, heads, normalized('k')),
    toHeads(net, `${at}.v`, v, heads),
  ]
  const biased = net.weights.has(`${at}.mlp_bias`)
    ? net.add('Add', `${at}.mlp_biased`, [m, net.weight(`${at}.mlp_bias`, [hidden])])
    : m
  const branches = [
    linear(net, `${at}.attn_out_proj`, attend(net, at, qkv, heads)),
    linear(net, `${at}.mlp_out_proj`, activation(net, shared.act ?? 'gelu', `${at}.mlp_act`, biased)),
  ]
  const sum = net.add('Add', `${at}.branches`, branches)
  return net.add('Add', `${at}.add`, [x, scaled(net, [`${at}.ls.gamma`], sum)])
}
