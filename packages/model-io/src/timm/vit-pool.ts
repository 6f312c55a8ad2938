import { int64 } from '@tacojs/graph'
import { linear, middle, normalize } from './layers.js'
import type { Network } from './network.js'
import { attend, headsOf, normalizeHeads, toHeads, unpack, type Shared } from './vit-attention.js'
import { mlp } from './vit-mlp.js'

/** One token of [batch, tokens, features]: [batch, features]. */
export const token = (net: Network, name: string, x: string, index: number): string =>
  net.add('Gather', name, [x, net.constant(`${name}.index`, int64([], [index]))], { axis: 1 })

/** [batch, tokens, features] → [batch, features]: the class token, mean or maximum of the patches or the middle of both, or
 * attention of a learned query. */
export function pool(net: Network, x: string, prefix: number, shared: Shared): string {
  if (shared.pool === 'token') return token(net, 'pool', x, 0)
  const skipped = shared.poolPrefix ? 0 : prefix
  const seen = skipped === 0 ? x : withoutFirst(net, x, skipped)
  if (shared.pool === 'map')
    return attentionPool(net, 'attn_pool', seen, { ...shared, tokens: shared.tokens - skipped })
  const reduced = (op: 'ReduceMean' | 'ReduceMax', name: string) =>
    net.add(op, name, [seen, net.ints(`${name}.axes`, [1])], { keepdims: 0 })
  if (shared.pool === 'avg') return reduced('ReduceMean', 'pool')
  if (shared.pool === 'max') return reduced('ReduceMax', 'pool')
  return middle(net, 'pool', [reduced('ReduceMean', 'pool.avg'), reduced('ReduceMax', 'pool.max')])
}

const withoutFirst = (net: Network, x: string, count: number): string => {
  const bounds = [net.ints('patches.starts', [count]), net.ints('patches.ends', [2 ** 31 - 1])]
  return net.add('Slice', 'patches', [x, ...bounds, net.ints('patches.axes', [1])])
}

/**
 * Attention of learned queries to all tokens, then an MLP around which the sum goes (Zhai et al. 2022); the first
 * query's.
 */
function attentionPool(net: Network, at: string, x: string, shared: Shared): string {
  const [, queries = 0, features = 0] = net.weights.shapeOf(`${at}.latent`)
  const latent = net.weight(`${at}.latent`, [1, undefined, undefined])
  const asked = linear(net, `${at}.q`, net.addOwn('ExpandBatch', `${at}.queries`, [latent, net.input]))
  const heads = headsOf(net, at, features, shared.poolHeads, queries)
  const q = normalizeHeads(net, `${at}.q_norm`, toHeads(net, `${at}.q`, asked, heads), shared)
  const kv = linear(net, `${at}.kv`, x)
  const [k, v] = unpack(net, `${at}.kv`, kv, 2, { ...heads, tokens: shared.tokens }) as [string, string]
  const y = linear(net, `${at}.proj`, attend(net, at, [q, normalizeHeads(net, `${at}.k_norm`, k, shared), v], heads))
  const mixed = mlp(net, `${at}.mlp`, normalize(net, `${at}.norm`, y, shared.norm), shared)
  return token(net, 'pool', net.add('Add', `${at}.add`, [y, mixed]), 0)
}
