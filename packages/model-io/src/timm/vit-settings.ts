import { TacoError } from '@tacojs/errors'
import { modelArguments, type Arguments } from './arguments.js'
import type { TimmConfig } from './config.js'
import type { Norm } from './layers.js'
import type { StateDict } from './state-dict.js'
import type { RotarySettings } from './vit-rotary.js'

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
  'scale_attn_norm',
  'scale_mlp_norm',
  'swiglu_align_to',
  'attn_type',
  'attn_pool_mlp_ratio',
  'use_abs_pos_emb',
  'use_pre_transformer_norm',
  'use_post_transformer_norm',
  'dynamic_img_size',
]
const read = [
  'num_heads',
  'act_layer',
  'norm_layer',
  'global_pool',
  'pool_include_prefix',
  'attn_pool_num_heads',
  'use_post_norm',
  'use_rot_pos_emb',
  'ref_feat_shape',
  'rope_type',
  'rope_temperature',
  'rope_grid_indexing',
  'rope_grid_offset',
  'rope_rotate_half',
]

export interface VitSettings {
  readonly heads: number
  /** undefined: what the kind of MLP has by default. */
  readonly act: string | undefined
  readonly norm: Norm
  /** 'token', 'avg', 'max', 'avgmax' or 'map'. */
  readonly pool: string
  /** Whether the mean, or the attention that pools, takes in class and register tokens. */
  readonly poolPrefix: boolean
  /** Heads of the attention that pools. */
  readonly poolHeads: number
  /** Whether blocks normalise what a branch gives instead of what it takes. */
  readonly isPostNorm: boolean
  readonly rotary: RotarySettings | undefined
}

/** What the weights do not tell, by `model_args` and else by what the architecture's name stands for in timm. */
export function vitSettings(config: TimmConfig, weights: StateDict, width: number): VitSettings {
  const { architecture } = config
  const args = modelArguments(config, told, read)
  const act = args.text('act_layer', namedActivation(architecture) ?? '').replace('swish', 'silu')
  const heads = args.number('num_heads', namedHeads(architecture, width))
  const pool = pooling(weights, config, args.text('global_pool', config.globalPool ?? ''))
  // timm's Eva lets the attention that pools see all tokens
  const seesAll =
    architecture === 'test_vit3' || (pool === 'map' && /^eva02_|^eva_giant_|_rope_|_dinov3/.test(architecture))
  return {
    heads,
    poolHeads: args.number('attn_pool_num_heads', heads),
    act: act === '' ? undefined : act,
    norm: {
      kind: normKind(
        args.text('norm_layer', /_xp_|^test_vit4|^aimv2_/.test(architecture) ? 'rmsnorm' : 'layernorm'),
        architecture,
      ),
      epsilon: /^vit_.*(_clip_|_dinov3)|^(beit3|aimv2)_/.test(architecture) ? 1e-5 : 1e-6,
    },
    pool,
    poolPrefix: args.flag('pool_include_prefix', seesAll),
    isPostNorm: args.flag('use_post_norm', /_rpn_|^eva02_enormous/.test(architecture)),
    rotary: rotarySettings(architecture, args),
  }
}

/** What timm's Eva takes where the name stands for nothing else. */
const plain: RotarySettings = { type: 'cat', indexing: 'ij', temperature: 10000, offset: 0, reference: undefined }

function namedRotary(architecture: string): RotarySettings | undefined {
  if (/^eva02_(?!enormous)|_rope_reg\d/.test(architecture)) return { ...plain, reference: [16, 16] }
  if (/_rope_mixed_/.test(architecture)) return { ...plain, type: 'mixed', indexing: 'xy' }
  if (/_rope_/.test(architecture)) return { ...plain, indexing: 'xy', temperature: 100 }
  if (/_dinov3/.test(architecture)) return { ...plain, type: 'dinov3', temperature: 100 }
  return undefined
}

function rotarySettings(architecture: string, args: Arguments): RotarySettings | undefined {
  const named = namedRotary(architecture)
  const from = named ?? plain
  const type = args.text('rope_type', from.type)
  const indexing = args.text('rope_grid_indexing', from.indexing)
  const isHalf = args.flag('rope_rotate_half', from.type === 'dinov3')
  const offset = args.real('rope_grid_offset', from.offset)
  const temperature = args.number('rope_temperature', from.temperature)
  const reference = args.has('ref_feat_shape') ? args.pair('ref_feat_shape', [1, 1]) : from.reference
  if (!args.flag('use_rot_pos_emb', named !== undefined)) return undefined
  const isKnown = (type === 'cat' || type === 'mixed' || type === 'dinov3') && (indexing === 'ij' || indexing === 'xy')
  if (isKnown && isHalf === (type === 'dinov3')) return { type, indexing, offset, temperature, reference }
  throw new TacoError(
    'UNSUPPORTED',
    `'${architecture}' with rope_type '${type}', rope_grid_indexing '${indexing}' and rope_rotate_half ${isHalf} is not supported`,
  )
}

function normKind(name: string, architecture: string): Norm['kind'] {
  if (name === 'layernorm' || name === 'rmsnorm') return name
  throw new TacoError('UNSUPPORTED', `'${architecture}' with norm_layer '${name}' is not supported`)
}

function pooling(weights: StateDict, { architecture }: TimmConfig, stated: string): string {
  const mean = weights.has('fc_norm.weight') || !weights.has('cls_token')
  const told = weights.has('attn_pool.latent') ? 'map' : mean || /_dinov3/.test(architecture) ? 'avg' : 'token'
  const pool = stated === '' ? told : stated
  if (['avg', 'max', 'avgmax', 'map'].includes(pool) || (pool === 'token' && weights.has('cls_token'))) return pool
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

/**
 * Heads are 64 wide, but the largest models and one that pools by the mean have 16, and the smallest for tests are 32
 * wide.
 */
function namedHeads(architecture: string, width: number): number {
  if (/^test_vit/.test(architecture)) return width / 32
  if (/_7b_.*_dinov3|^aimv2_/.test(architecture)) return width / 128
  const sixteen = /^eva02_enormous|^beit3_giant|_(huge|giant|gigantic|giantopt|so400m)_|^vit_base_patch16_gap_/.test(
    architecture,
  )
  const narrow = /^vit_giant_.*_(dinov2|tipsv2)|_dinov3/.test(architecture)
  return sixteen && !narrow ? 16 : width / 64
}
