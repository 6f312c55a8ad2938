import { TacoError } from '@tacojs/errors'
import { float32 } from '@tacojs/graph'
import type { TimmConfig } from './config.js'
import { conv, linear, normalize } from './layers.js'
import type { Network } from './network.js'
import { headsOf, type Shared } from './vit-attention.js'
import { block, parallelBlock } from './vit-block.js'
import { pool, token } from './vit-pool.js'
import { relativeBias, rotaryTables, type Grid } from './vit-positions.js'
import { vitSettings } from './vit-settings.js'

/**
 * timm's vision transformer (Dosovitskiy et al. 2021) and its relatives: DeiT with and without distillation, CLIP, DINOv2,
 * SigLIP, EVA, relative and rotary positions. Depth, widths, tokens, biases, scales and normalisations are read off the
 * weights. Returns the logits [batch, classes].
 */
export function vit(net: Network, config: TimmConfig): string {
  const embedding = net.weights.take('patch_embed.proj.weight', [undefined, undefined, undefined, undefined])
  const [features, , patchHeight, patchWidth] = embedding.shape as [number, number, number, number]
  const settings = vitSettings(config, net.weights, features)
  const grid = [Math.floor(config.inputSize[1] / patchHeight), Math.floor(config.inputSize[2] / patchWidth)] as const
  const patches = grid[0] * grid[1]
  let x = embed(net, features, patches)
  const prefix = prefixTokens(net)
  const prefixSize = prefix.reduce((sum, name) => sum + (net.weights.shapeOf(name)[1] ?? 0), 0)
  x = place(net, x, prefix, prefixSize, patches, features)
  if (net.weights.has('norm_pre.weight')) x = normalize(net, 'norm_pre', x, settings.norm)
  const tokens = prefixSize + patches
  const rotary =
    settings.rotaryGrid &&
    rotaryTables(net, grid, settings.rotaryGrid, prefixSize, headsOf(net, 'blocks', features, settings.heads, 1).width)
  x = blocks(net, x, { ...settings, tokens, rotary }, grid, prefixSize)
  if (net.weights.has('norm.weight')) x = normalize(net, 'norm', x, settings.norm)
  if (net.weights.has('head_dist.weight')) return distilled(net, x)
  let pooled = pool(net, x, prefixSize, { ...settings, tokens, rotary })
  if (net.weights.has('fc_norm.weight')) pooled = normalize(net, 'fc_norm', pooled, settings.norm)
  return linear(net, 'head', pooled, 'logits')
}

/** Images → [batch, patches, features]. */
function embed(net: Network, features: number, patches: number): string {
  const kernel = net.weights.shapeOf('patch_embed.proj.weight').slice(2)
  const x = conv(net, 'patch_embed.proj', net.input, { stride: kernel, padded: false })
  return net.transpose('patch_embed', net.reshape('patch_embed.flat', x, [features, patches]), [0, 2, 1])
}

/** Names of the tokens before the patches, in their order. */
const prefixTokens = (net: Network): string[] =>
  ['cls_token', 'dist_token', 'reg_token'].filter((name) => net.weights.has(name))

/** Tokens and positions: those of patches alone are added before the tokens come, those of all afterwards. */
function place(
  net: Network,
  patchValues: string,
  prefix: readonly string[],
  prefixSize: number,
  patches: number,
  features: number,
): string {
  const [, positions] = net.weights.shapeOf('pos_embed')
  if (positions !== undefined && positions !== patches && positions !== patches + prefixSize) {
    throw new TacoError(
      'SHAPE_MISMATCH',
      `${net.weights.where}: pos_embed holds ${positions} positions, the config's input size has ${patches} patches and ${prefixSize} other tokens`,
    )
  }
  const position = positions === undefined ? undefined : net.weight('pos_embed', [1, positions, features])
  const add = (x: string) => net.add('Add', 'pos_embed.add', [x, position!])
  const early = position !== undefined && positions === patches
  const values = early ? add(patchValues) : patchValues
  const tokens = prefix.map((name) =>
    net.addOwn('ExpandBatch', `${name}.batch`, [net.weight(name, [1, undefined, features]), net.input]),
  )
  const all = tokens.length > 0 ? net.add('Concat', 'tokens', [...tokens, values], { axis: 1 }) : values
  return position !== undefined && !early ? add(all) : all
}

function blocks(net: Network, x: string, shared: Shared, grid: Grid, prefix: number): string {
  const biasOf = (module: string): string | undefined =>
    net.weights.has(`${module}.mlp.fc1.weight`)
      ? net.constant(`${module}.bias`, relativeBias(net, module, grid, prefix))
      : undefined
  const bias = biasOf('shared_rel_pos')
  for (let i = 0; ; i++) {
    const at = `blocks.${i}`
    if (net.weights.has(`${at}.in_proj.weight`)) x = parallelBlock(net, at, x, shared)
    else if (net.weights.has(`${at}.norm1.weight`)) x = block(net, at, x, shared, bias ?? biasOf(`${at}.attn.rel_pos`))
    else return x
  }
}

/** The mean of what two classifiers say of the class and of the distillation token (Touvron et al. 2021). */
function distilled(net: Network, x: string): string {
  const both = net.add('Add', 'heads', [
    linear(net, 'head', token(net, 'pool', x, 0)),
    linear(net, 'head_dist', token(net, 'pool_dist', x, 1)),
  ])
  return net.add('Mul', 'logits', [both, net.constant('heads.half', float32([], [0.5]))])
}
