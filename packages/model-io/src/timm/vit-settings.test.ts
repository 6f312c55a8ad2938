import { float32 } from '@tacojs/graph'
import { parseTimmConfig } from './config.js'
import { StateDict } from './state-dict.js'
import { vitSettings } from './vit-settings.js'

const settings = (architecture: string, width: number, more: object = {}, weights = ['cls_token']) =>
  vitSettings(
    parseTimmConfig({
      architecture,
      num_classes: 2,
      pretrained_cfg: { input_size: [3, 8, 8], mean: [0, 0, 0], std: [1, 1, 1] },
      ...more,
    }),
    new StateDict(new Map(weights.map((name) => [name, float32([1], [0])])), 'the weights'),
    width,
  )

// what timm's entry points of these names pass to its VisionTransformer and Eva (version 1.0.29)
test.each([
  ['deit_tiny_patch16_224', 192, 3, undefined, 'layernorm', 1e-6, false],
  ['vit_huge_patch14_224', 1280, 16, undefined, 'layernorm', 1e-6, false],
  ['vit_gigantic_patch14_clip_quickgelu_224', 1664, 16, 'quick_gelu', 'layernorm', 1e-5, false],
  ['vit_base_patch32_clip_448', 768, 12, undefined, 'layernorm', 1e-5, false],
  ['vit_base_patch16_gap_224', 768, 16, undefined, 'layernorm', 1e-6, false],
  ['vit_base_patch16_siglip_gap_224', 768, 12, undefined, 'layernorm', 1e-6, false],
  ['vit_base_patch32_siglip_256', 768, 12, 'gelu_tanh', 'layernorm', 1e-6, false],
  ['vit_large_patch16_siglip_384', 1024, 16, undefined, 'layernorm', 1e-6, false],
  ['vit_large_patch16_siglip_gap_512', 1024, 16, 'gelu_tanh', 'layernorm', 1e-6, false],
  ['vit_so400m_patch14_siglip_384', 1152, 16, undefined, 'layernorm', 1e-6, false],
  ['vit_so400m_patch16_siglip_256', 1152, 16, 'gelu_tanh', 'layernorm', 1e-6, false],
  ['vit_giant_patch14_224', 1408, 16, undefined, 'layernorm', 1e-6, false],
  ['vit_giant_patch14_reg4_dinov2', 1536, 24, undefined, 'layernorm', 1e-6, false],
  ['vit_base_patch16_xp_224', 768, 12, undefined, 'rmsnorm', 1e-6, false],
  ['eva_giant_patch14_336', 1408, 16, undefined, 'layernorm', 1e-6, false],
  ['eva02_base_patch16_clip_224', 768, 12, undefined, 'layernorm', 1e-6, true],
  ['vit_betwixt_patch16_rope_reg4_gap_256', 640, 10, undefined, 'layernorm', 1e-6, true],
  ['beit3_giant_patch14_224', 1408, 16, undefined, 'layernorm', 1e-5, false],
  ['beit3_base_patch16_224', 768, 12, undefined, 'layernorm', 1e-5, false],
  ['aimv2_large_patch14_224', 1024, 8, undefined, 'rmsnorm', 1e-5, false],
])('%s', (architecture, width, heads, act, kind, epsilon, rotary) => {
  const found = settings(architecture, width)
  expect(found).toMatchObject({ heads, act, norm: { kind, epsilon } })
  expect(found.rotary?.reference).toEqual(rotary ? [16, 16] : undefined)
  expect(found.isPostNorm).toBe(false)
})

test('pooling is as the config says, else as the weights look', () => {
  expect(settings('vit_tiny_patch16_224', 192).pool).toBe('token')
  expect(settings('vit_tiny_patch16_224', 192, {}, ['cls_token', 'fc_norm.weight']).pool).toBe('avg')
  expect(settings('vit_tiny_patch16_224', 192, {}, []).pool).toBe('avg')
  expect(settings('vit_tiny_patch16_224', 192, {}, ['attn_pool.latent']).pool).toBe('map')
  expect(settings('vit_tiny_patch16_224', 192, { global_pool: 'avg' }).pool).toBe('avg')
  const both = { global_pool: 'token', model_args: { global_pool: 'avg', pool_include_prefix: true } }
  expect(settings('vit_tiny_patch16_224', 192, both)).toMatchObject({ pool: 'avg', poolPrefix: true })
  for (const global_pool of ['max', 'avgmax']) expect(settings('deit3_x', 64, { global_pool }).pool).toBe(global_pool)
  expect(() => settings('vit_tiny_patch16_224', 192, { global_pool: 'token' }, [])).toThrow(/global_pool 'token'/)
})

test.each([
  ['vit_base_patch16_rope_224', 768, 12, 'token', { type: 'cat', indexing: 'xy', temperature: 100 }],
  ['vit_small_patch16_rope_ape_224', 384, 6, 'token', { type: 'cat', indexing: 'xy', temperature: 100 }],
  ['vit_large_patch16_rope_mixed_ape_224', 1024, 16, 'token', { type: 'mixed', indexing: 'xy' }],
  ['vit_small_plus_patch16_dinov3_qkvb', 384, 6, 'avg', { type: 'dinov3', indexing: 'ij', temperature: 100 }],
  ['vit_huge_plus_patch16_dinov3', 1280, 20, 'avg', { type: 'dinov3' }],
  ['vit_7b_patch16_dinov3', 4096, 32, 'avg', { type: 'dinov3' }],
])('rotary positions of %s', (architecture, width, heads, pool, rotary) => {
  const epsilon = pool === 'avg' ? 1e-5 : 1e-6
  expect(settings(architecture, width)).toMatchObject({ heads, pool, rotary, norm: { kind: 'layernorm', epsilon } })
  expect(settings(architecture, width).rotary).toMatchObject({ offset: 0, reference: undefined })
})

test.each([
  ['vit_base_patch16_rpn_224', 768, 12, true],
  ['vit_relpos_medium_patch16_rpn_224', 512, 8, true],
  ['eva02_enormous_patch14_clip_224', 1792, 16, true],
  ['vit_small_patch16_18x2_224', 384, 6, false],
  ['test_vit2', 64, 2, false],
  ['test_vit3', 96, 3, false],
])('blocks of %s', (architecture, width, heads, isPostNorm) => {
  expect(settings(architecture, width)).toMatchObject({ heads, isPostNorm, rotary: undefined })
})

test('the models that timm has for its own tests', () => {
  expect(settings('test_vit3', 96, {}, ['attn_pool.latent'])).toMatchObject({ pool: 'map', poolPrefix: true })
  expect(settings('test_vit4', 96).norm).toEqual({ kind: 'rmsnorm', epsilon: 1e-6 })
  expect(settings('test_vit2', 64, {}, []).norm.kind).toBe('layernorm')
})

test('what the attention that pools sees, and its heads', () => {
  const map = ['cls_token', 'attn_pool.latent']
  expect(settings('eva02_tiny_patch14_224', 192, {}, map)).toMatchObject({
    pool: 'map',
    poolPrefix: true,
    poolHeads: 3,
  })
  expect(settings('vit_tiny_patch16_224', 192, {}, map).poolPrefix).toBe(false)
  const model_args = { attn_pool_num_heads: 8 }
  expect(settings('eva02_tiny_patch14_224', 192, { model_args }, map)).toMatchObject({ heads: 3, poolHeads: 8 })
})

test('rotary positions by the arguments alone, or against the name', () => {
  const model_args = { use_rot_pos_emb: true, rope_type: 'cat', rope_grid_indexing: 'xy', rope_grid_offset: 1 }
  expect(settings('eva_giant_patch14_224', 1408, { model_args }).rotary).toEqual({
    type: 'cat',
    indexing: 'xy',
    temperature: 10000,
    offset: 1,
    reference: undefined,
  })
  const without = { use_rot_pos_emb: false }
  expect(settings('eva02_tiny_patch14_224', 192, { model_args: without }).rotary).toBeUndefined()
  for (const wrong of [{ rope_type: 'mrope' }, { rope_grid_indexing: 'yx' }, { rope_rotate_half: true }]) {
    expect(() => settings('eva02_tiny_patch14_224', 192, { model_args: wrong })).toThrow(/rope_type '.*not supported/)
  }
})

test('arguments come before the name', () => {
  const model_args = { num_heads: 4, act_layer: 'swish', norm_layer: 'rmsnorm', ref_feat_shape: 7 }
  expect(settings('eva02_tiny_patch14_224', 192, { model_args })).toMatchObject({
    heads: 4,
    act: 'silu',
    norm: { kind: 'rmsnorm' },
    rotary: { type: 'cat', indexing: 'ij', temperature: 10000, offset: 0, reference: [7, 7] },
  })
})
