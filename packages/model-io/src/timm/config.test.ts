import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseTimmConfig, readTimmConfig } from './config.js'

const cfg = {
  input_size: [3, 32, 48],
  interpolation: 'bilinear',
  crop_pct: 0.9,
  crop_mode: 'border',
  mean: [0.5, 0.5, 0.5],
  std: [0.25, 0.25, 0.25],
  num_classes: 1000,
}
const hub = { architecture: 'resnet18', num_classes: 2, pretrained_cfg: cfg }

test('nested and flat forms say the same', () => {
  const expected = {
    architecture: 'resnet18',
    numClasses: 2,
    inputSize: [3, 32, 48],
    interpolation: 'bilinear',
    cropPct: 0.9,
    cropMode: 'border',
    mean: [0.5, 0.5, 0.5],
    std: [0.25, 0.25, 0.25],
    modelArgs: new Map(),
  }
  expect(parseTimmConfig(hub)).toEqual(expected)
  expect(parseTimmConfig({ ...cfg, architecture: 'resnet18', num_classes: 2 })).toEqual(expected)
  expect(parseTimmConfig({ ...hub, label_names: ['a', 'b'] }).labelNames).toEqual(['a', 'b'])
})

test("timm's defaults are taken where a field is absent", () => {
  const { interpolation, crop_pct, crop_mode, ...rest } = cfg
  expect([interpolation, crop_pct, crop_mode]).toHaveLength(3)
  expect(parseTimmConfig({ ...hub, pretrained_cfg: rest })).toMatchObject({
    interpolation: 'bicubic',
    cropPct: 0.875,
    cropMode: 'center',
  })
})

test('arguments of the model, without those that are null', () => {
  const json = { ...hub, global_pool: 'avg', model_args: { act_layer: 'silu', norm_layer: null } }
  expect(parseTimmConfig(json)).toMatchObject({ globalPool: 'avg', modelArgs: new Map([['act_layer', 'silu']]) })
})

test('the size that a model was made for comes before that of its preprocessing', () => {
  const sizeOf = (model_args: object): readonly number[] => parseTimmConfig({ ...hub, model_args }).inputSize
  expect(sizeOf({ img_size: 64 })).toEqual([3, 64, 64])
  expect(sizeOf({ img_size: [16, 8] })).toEqual([3, 16, 8])
  expect(sizeOf({ img_size: 64, dynamic_img_size: true })).toEqual([3, 32, 48])
  expect(sizeOf({ img_size: 'x' })).toEqual([3, 32, 48])
})

test.each([
  ['model_args', { ...hub, model_args: [] }],
  ['architecture', { ...hub, architecture: 7 }],
  ['num_classes', { ...hub, num_classes: 0 }],
  ['label_names', { ...hub, label_names: ['a'] }],
  ['pretrained_cfg', { ...hub, pretrained_cfg: [] }],
  ['input_size', { ...hub, pretrained_cfg: { ...cfg, input_size: [3, 32] } }],
  ['interpolation', { ...hub, pretrained_cfg: { ...cfg, interpolation: 'cubic' } }],
  ['crop_pct', { ...hub, pretrained_cfg: { ...cfg, crop_pct: 1.2 } }],
  ['crop_mode', { ...hub, pretrained_cfg: { ...cfg, crop_mode: 'middle' } }],
  ['mean', { ...hub, pretrained_cfg: { ...cfg, mean: [0.5] } }],
  ['std', { ...hub, pretrained_cfg: { ...cfg, std: [1, 1, 0] } }],
])('a wrong %s is named', (field, json) => {
  expect(() => parseTimmConfig(json)).toThrow(
    expect.objectContaining({ code: 'INVALID_DATA', message: expect.stringContaining(field) }),
  )
})

test('a folder or the file, not found, not JSON', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'timm-'))
  try {
    await expect(readTimmConfig(folder)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    writeFileSync(join(folder, 'config.json'), '{')
    await expect(readTimmConfig(folder)).rejects.toMatchObject({ code: 'INVALID_DATA' })
    writeFileSync(join(folder, 'config.json'), JSON.stringify(hub))
    expect(await readTimmConfig(join(folder, 'config.json'))).toEqual(await readTimmConfig(folder))
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('configs of real models', async () => {
  const models = fileURLToPath(new URL('../../../../../shared/data/models', import.meta.url))
  if (!existsSync(models)) return console.info('real models are not here: skipped')
  expect(await readTimmConfig(join(models, 'resnet18'))).toMatchObject({ architecture: 'resnet18', numClasses: 1000 })
  expect(await readTimmConfig(join(models, 'vit_tiny_patch16_224'))).toMatchObject({
    interpolation: 'bicubic',
    cropPct: 0.9,
  })
})
