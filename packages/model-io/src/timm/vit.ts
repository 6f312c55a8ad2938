import type { TimmConfig } from './config.js'
import { conv, linear, middle, normalize } from './layers.js'
import type { Network } from './network.js'
import { headsOf, type Shared } from './vit-attention.js'
import { block, manyBranchesBlock, parallelBlock } from './vit-block.js'
import { pool, token } from './vit-pool.js'
import { resizedPositions } from './position-grid.js'
import { relativeBias, type Grid } from './vit-positions.js'
import { rotaryTables, type Rotary } from './vit-rotary.js'
import { vitSettings, type VitSettings } from './vit-settings.js'

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
  if (net.weights.has('patch_embed.norm.weight')) x = normalize(net, 'patch_embed.norm', x, settings.norm)
  x = place(net, x, prefix, prefixSize, grid, features)
  if (net.weights.has('norm_pre.weight')) x = normalize(net, 'norm_pre', x, settings.norm)
  const tokens = prefixSize + patches
  const turns = rotation(net, settings, features, grid, prefixSize)
  const shared = { ...settings, tokens, turns: undefined }
  x = blocks(net, x, shared, turns, grid, prefixSize)
  if (net.weights.has('norm.weight')) x = normalize(net, 'norm', x, settings.norm)
  if (net.weights.has('head_dist.weight')) return distilled(net, x)
  let pooled = pool(net, x, prefixSize, shared)
  if (net.weights.has('fc_norm.weight')) pooled = normalize(net, 'fc_norm', pooled, settings.norm)
  return linear(net, 'head', pooled, 'logits')
}

function rotation(
  net: Network,
  { rotary, heads }: VitSettings,
  features: number,
  grid: Grid,
  prefix: number,
): ((block: number) => Rotary) | undefined {
  if (!rotary) return undefined
  return rotaryTables(net, rotary, grid, prefix, heads, headsOf(net, 'blocks', features, heads, 1).width)
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
  grid: Grid,
  features: number,
): string {
  const patches = grid[0] * grid[1]
  const table = net.weights.has('pos_embed') ? resizedPositions(net, grid, prefixSize, features) : undefined
  const positions = table?.shape[1]
  const position = table && net.constant('pos_embed', table)
  const add = (x: string) => net.add('Add', 'pos_embed.add', [x, position!])
  const early = position !== undefined && positions === patches
  const values = early ? add(patchValues) : patchValues
  const tokens = prefix.map((name) =>
    net.addOwn('ExpandBatch', `${name}.batch`, [net.weight(name, [1, undefined, features]), net.input]),
  )
  const all = tokens.length > 0 ? net.add('Concat', 'tokens', [...tokens, values], { axis: 1 }) : values
  return position !== undefined && !early ? add(all) : all
}

function blocks(
  net: Network,
  x: string,
  settings: Shared,
  turns: ((block: number) => Rotary) | undefined,
  grid: Grid,
  prefix: number,
): string {
  const biasOf = (module: string): string | undefined =>
    net.weights.has(`${module}.mlp.fc1.weight`)
      ? net.constant(`${module}.bias`, relativeBias(net, module, grid, prefix))
      : undefined
  const bias = biasOf('shared_rel_pos')
  for (let i = 0; ; i++) {
    const at = `blocks.${i}`
    const has = (name: string): boolean => net.weights.has(`${at}.${name}.weight`)
    const kind = has('in_proj')
      ? parallelBlock
      : has('attns.0.norm')
        ? manyBranchesBlock
        : has('norm1')
          ? block
          : undefined
    if (!kind) return x
    x = kind(net, at, x, { ...settings, turns: turns?.(i) }, bias ?? biasOf(`${at}.attn.rel_pos`))
  }
}

/** The mean of what two classifiers say of the class and of the distillation token (Touvron et al. 2021). */
function distilled(net: Network, x: string): string {
  return middle(net, 'logits', [
    linear(net, 'head', token(net, 'pool', x, 0)),
    linear(net, 'head_dist', token(net, 'pool_dist', x, 1)),
  ])
}
