import { TacoError } from '@tacojs/errors'
import { modelArguments } from './arguments.js'
import type { TimmConfig } from './config.js'
import type { Norm } from './layers.js'
import type { StateDict } from './state-dict.js'

/** Told by the weights or by the size of images. */
const told = [
  'img_size',
  'patch_size',
  'embed_dim',
  'depth',
  'mlp_ratio',
  'qkv_bias',
  'qkv_fused',
  'qk_norm',
  'proj_bias',
  'init_values',
  'class_token',
  'reg_tokens',
  'num_reg_tokens',
  'no_embed_class',
  'pre_norm',
  'final_norm',
  'fc_norm',
  'use_fc_norm',
  'rel_pos_dim',
  'shared_rel_pos',
  'swiglu_mlp',
  'scale_mlp',
  'scale_attn_inner',
  'dynamic_img_size',
]
const read = ['num_heads', 'act_layer', 'norm_layer', 'global_pool', 'pool_include_prefix', 'ref_feat_shape']

export interface VitSettings {
  readonly heads: number
  /** undefined: what the kind of MLP has by default. */
  readonly act: string | undefined
  readonly norm: Norm
  /** 'token', 'avg' or 'map'. */
  readonly pool: string
  /** Whether the mean, or the attention that pools, takes in class and register tokens. */
  readonly poolPrefix: boolean
  /** The grid of patches in which rotary embeddings count their steps; undefined: there are none. */
  readonly rotaryGrid: readonly [number, number] | undefined
}

/** What the weights do not tell, by `model_args` and else by what the architecture's name stands for in timm. */
export function vitSettings(config: TimmConfig, weights: StateDict, width: number): VitSettings {
  const { architecture } = config
  const args = modelArguments(config, told, read)
  const act = args.text('act_layer', namedActivation(architecture) ?? '').replace('swish', 'silu')
  const rotary = /^eva02_|_rope_reg\d_/.test(architecture)
  return {
    heads: args.number('num_heads', namedHeads(architecture, width)),
    act: act === '' ? undefined : act,
    norm: {
      kind: normKind(args.text('norm_layer', /_xp_/.test(architecture) ? 'rmsnorm' : 'layernorm'), architecture),
      epsilon: /^vit_.*_clip_/.test(architecture) ? 1e-5 : 1e-6,
    },
    pool: pooling(weights, config, args.text('global_pool', config.globalPool ?? '')),
    poolPrefix: args.flag('pool_include_prefix', false),
    rotaryGrid: rotary ? args.pair('ref_feat_shape', [16, 16]) : undefined,
  }
}

function normKind(name: string, architecture: string): Norm['kind'] {
  if (name === 'layernorm' || name === 'rmsnorm') return name
  throw new TacoError('UNSUPPORTED', `'${architecture}' with norm_layer '${name}' is not supported`)
}

function pooling(weights: StateDict, { architecture }: TimmConfig, stated: string): string {
  const mean = weights.has('fc_norm.weight') || !weights.has('cls_token')
  const told = weights.has('attn_pool.latent') ? 'map' : mean ? 'avg' : 'token'
  const pool = stated === '' ? told : stated
  if (pool === 'avg' || pool === 'map' || (pool === 'token' && weights.has('cls_token'))) return pool
  throw new TacoError('UNSUPPORTED', `'${architecture}' with global_pool '${pool}' is not supported`)
}

function namedActivation(architecture: string): string | undefined {
  if (/_quickgelu_/.test(architecture)) return 'quick_gelu'
  const tanh = /^vit_(base_patch32|large_patch16|so400m_patch16|giantopt_patch16)_siglip_(gap_)?(\d+)/.exec(
    architecture,
  )
  if (!tanh) return undefined
  // the large one of 256 and 384 is older than the others
  return tanh[1] === 'large_patch16' && tanh[3] !== '512' ? undefined : 'gelu_tanh'
}

/** Heads are 64 wide, but the largest models and one that pools by the mean have 16. */
function namedHeads(architecture: string, width: number): number {
  const sixteen = /_(huge|giant|gigantic|giantopt|so400m)_|^vit_base_patch16_gap_/.test(architecture)
  const narrow = /^vit_giant_.*_(dinov2|tipsv2)/.test(architecture)
  return sixteen && !narrow ? 16 : width / 64
}
