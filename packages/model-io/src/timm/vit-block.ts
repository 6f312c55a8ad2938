import { activation, layerScale, linear, normalize } from './layers.js'
import type { Network } from './network.js'
import { attend, attention, headsOf, normalizeHeads, toHeads, type Shared } from './vit-attention.js'
import { mlp } from './vit-mlp.js'

/** x + ls1(attention(norm1(x))), then x + ls2(mlp(norm2(x))); the factors `ls` (EVA: `gamma_`) where there are some. */
export function block(net: Network, at: string, x: string, shared: Shared, bias?: string): string {
  const scaled = (i: number, y: string): string => {
    const name = [`${at}.ls${i}.gamma`, `${at}.gamma_${i}`].find((n) => net.weights.has(n))
    return name ? layerScale(net, name, y) : y
  }
  const attended = attention(net, `${at}.attn`, normalize(net, `${at}.norm1`, x, shared.norm), shared, bias)
  const middle = net.add('Add', `${at}.add1`, [x, scaled(1, attended)])
  const mixed = mlp(net, `${at}.mlp`, normalize(net, `${at}.norm2`, middle, shared.norm), shared)
  return net.add('Add', `${at}.add2`, [middle, scaled(2, mixed)])
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
  const scale = `${at}.ls.gamma`
  return net.add('Add', `${at}.add`, [x, net.weights.has(scale) ? layerScale(net, scale, sum) : sum])
}
