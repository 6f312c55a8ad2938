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
])('%s', (architecture, width, heads, act, kind, epsilon, rotary) => {
  const found = settings(architecture, width)
  expect(found).toMatchObject({ heads, act, norm: { kind, epsilon } })
  expect(found.rotaryGrid).toEqual(rotary ? [16, 16] : undefined)
})

test('pooling is as the config says, else as the weights look', () => {
  expect(settings('vit_tiny_patch16_224', 192).pool).toBe('token')
  expect(settings('vit_tiny_patch16_224', 192, {}, ['cls_token', 'fc_norm.weight']).pool).toBe('avg')
  expect(settings('vit_tiny_patch16_224', 192, {}, []).pool).toBe('avg')
  expect(settings('vit_tiny_patch16_224', 192, {}, ['attn_pool.latent']).pool).toBe('map')
  expect(settings('vit_tiny_patch16_224', 192, { global_pool: 'avg' }).pool).toBe('avg')
  const both = { global_pool: 'token', model_args: { global_pool: 'avg', pool_include_prefix: true } }
  expect(settings('vit_tiny_patch16_224', 192, both)).toMatchObject({ pool: 'avg', poolPrefix: true })
  expect(() => settings('vit_tiny_patch16_224', 192, { global_pool: 'token' }, [])).toThrow(/global_pool 'token'/)
})

test('arguments come before the name', () => {
  const model_args = { num_heads: 4, act_layer: 'swish', norm_layer: 'rmsnorm', ref_feat_shape: 7 }
  expect(settings('eva02_tiny_patch14_224', 192, { model_args })).toMatchObject({
    heads: 4,
    act: 'silu',
    norm: { kind: 'rmsnorm' },
    rotaryGrid: [7, 7],
  })
})
