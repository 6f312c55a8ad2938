import { TacoError } from '@tacojs/errors'
import { float32 } from '@tacojs/graph'
import { linear, normalize } from './layers.js'
import type { Network } from './network.js'
import { rotate, type Rotary } from './vit-rotary.js'
import type { VitSettings } from './vit-settings.js'

/** What the blocks of a network share. */
export interface Shared extends VitSettings {
  /** Class, distillation and register tokens and patches together. */
  readonly tokens: number
  /** Of a block. */
  readonly turns: Rotary | undefined
}

/** Sizes of q, k and v: [batch, heads, tokens, width]. */
interface Heads {
  readonly tokens: number
  readonly heads: number
  /** Of one head. */
  readonly width: number
}

/** `features` shared out over the heads. Throws SHAPE_MISMATCH where they do not divide. */
export function headsOf(net: Network, at: string, features: number, heads: number, tokens: number): Heads {
  if (Number.isInteger(heads) && features % heads === 0) return { tokens, heads, width: features / heads }
  throw new TacoError(
    'SHAPE_MISMATCH',
    `${net.weights.where}: ${features} features of '${at}' do not divide into ${heads} heads; model_args.num_heads states them`,
  )
}

/**
 * Multi-head self-attention (Vaswani et al. 2017) on [batch, tokens, features], with what its weights say it has besides:
 * normalised q and k (Henry et al. 2020), rotary positions, a normalisation before the projection.
 *
 * @param bias a constant [1, heads, tokens, tokens] that is added to the scores
 */
export function attention(net: Network, at: string, x: string, shared: Shared, bias?: string): string {
  const isPacked = net.weights.has(`${at}.qkv.weight`)
  const [rows = 0] = net.weights.shapeOf(isPacked ? `${at}.qkv.weight` : `${at}.q_proj.weight`)
  const heads = headsOf(net, at, isPacked ? rows / 3 : rows, shared.heads, shared.tokens)
  const [q, k, v] = isPacked ? packed(net, at, x, heads) : separate(net, at, x, heads)
  const placed = (name: string, value: string): string => {
    const normalized = normalizeHeads(net, `${at}.${name}_norm`, value, shared)
    return shared.turns ? rotate(net, `${at}.${name}_rotated`, normalized, shared.turns) : normalized
  }
  let y = attend(net, at, [placed('q', q!), placed('k', k!), v!, ...(bias ? [bias] : [])], heads)
  if (net.weights.has(`${at}.norm.weight`)) y = normalize(net, `${at}.norm`, y, shared.norm)
  return linear(net, `${at}.proj`, y)
}

/** q or k, normalised within each head where there are weights for it. */
export const normalizeHeads = (net: Network, module: string, x: string, { norm }: VitSettings): string =>
  net.weights.has(`${module}.weight`) ? normalize(net, module, x, norm) : x

/** q, k and v from one layer. EVA keeps its biases apart, without one for k, which would change nothing. */
function packed(net: Network, at: string, x: string, heads: Heads): string[] {
  if (!net.weights.has(`${at}.q_bias`)) return unpack(net, `${at}.qkv`, linear(net, `${at}.qkv`, x), 3, heads)
  const features = heads.heads * heads.width
  const values = new Float32Array(3 * features)
  values.set(net.weights.take(`${at}.q_bias`, [features]).data)
  values.set(net.weights.take(`${at}.v_bias`, [features]).data, 2 * features)
  const weight = net.weight(`${at}.qkv.weight`, [3 * features, undefined])
  const bias = net.constant(`${at}.qkv.bias`, float32([3 * features], values))
  return unpack(net, `${at}.qkv`, net.addOwn('Linear', `${at}.qkv`, [x, weight, bias]), 3, heads)
}

const separate = (net: Network, at: string, x: string, heads: Heads): string[] =>
  ['q_proj', 'k_proj', 'v_proj'].map((name) => toHeads(net, `${at}.${name}`, linear(net, `${at}.${name}`, x), heads))

/** [batch, tokens, count·features] → values [batch, heads, tokens, width]. */
export function unpack(net: Network, at: string, x: string, count: number, { tokens, heads, width }: Heads): string[] {
  const turned = net.transpose(
    `${at}.turned`,
    net.reshape(`${at}.heads`, x, [tokens, count, heads, width]),
    [2, 0, 3, 1, 4],
  )
  const axis = net.ints(`${at}.axis`, [0])
  const parts = net.split(`${at}.parts`, turned, new Array<number>(count).fill(1), 0)
  return parts.map((part, i) => net.add('Squeeze', `${at}.value${i}`, [part, axis]))
}

/** [batch, tokens, features] → [batch, heads, tokens, width], normalised before it is turned where `norm` says so. */
export function toHeads(
  net: Network,
  at: string,
  x: string,
  { tokens, heads, width }: Heads,
  norm: (value: string) => string = (value) => value,
): string {
  return net.transpose(`${at}.turned`, norm(net.reshape(`${at}.heads`, x, [tokens, heads, width])), [0, 2, 1, 3])
}

/** Softmax(q·kᵀ/√width + bias)·v with the heads side by side again: [batch, tokens of q, features]. */
export function attend(net: Network, at: string, inputs: readonly string[], { tokens, heads, width }: Heads): string {
  const y = net.addOwn('Attention', `${at}.attention`, inputs, { scale: 1 / Math.sqrt(width) })
  const turned = net.transpose(`${at}.attention.turned`, y, [0, 2, 1, 3])
  return net.reshape(`${at}.attention.joined`, turned, [tokens, heads * width])
}
