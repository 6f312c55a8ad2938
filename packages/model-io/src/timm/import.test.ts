import { isTacoError } from '@tacojs/errors'
import { float32, inferTypes, int64, optimize, prunableLayers, validateGraph, type Tensor } from '@tacojs/graph'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encodeSafetensors, importTimm, parseTimmConfig, timmGraph, type TimmConfig } from '../index.js'
import { floats, torchSave, type SavedTensor } from '../pickle/testing/torch-save.js'

type Shapes = Readonly<Record<string, readonly number[]>>

const config = (architecture: string, model_args: object = {}, size = 8): TimmConfig =>
  parseTimmConfig({
    architecture,
    num_classes: 3,
    model_args,
    pretrained_cfg: { input_size: [3, size, size], mean: [0, 0, 0], std: [1, 1, 1] },
  })

const weightsOf = (shapes: Shapes): Map<string, Tensor> =>
  new Map(
    Object.entries(shapes).map(([name, shape]) => {
      const size = shape.reduce((a, b) => a * b, 1)
      return [
        name,
        float32(
          shape,
          Float32Array.from({ length: size }, (_, i) => 0.1 + (i % 5) / 10),
        ),
      ]
    }),
  )

const layer = (name: string, shape: readonly number[]): Shapes => ({
  [`${name}.weight`]: shape,
  [`${name}.bias`]: [shape[0]!],
})
const batchNorm = (name: string, c: number): Shapes =>
  Object.fromEntries(['weight', 'bias', 'running_mean', 'running_var'].map((part) => [`${name}.${part}`, [c]]))

const vitShapes: Shapes = {
  cls_token: [1, 1, 8],
  pos_embed: [1, 5, 8],
  ...layer('patch_embed.proj', [8, 3, 4, 4]),
  ...layer('blocks.0.norm1', [8]),
  ...layer('blocks.0.attn.qkv', [24, 8]),
  ...layer('blocks.0.attn.proj', [8, 8]),
  ...layer('blocks.0.norm2', [8]),
  ...layer('blocks.0.mlp.fc1', [12, 8]),
  ...layer('blocks.0.mlp.fc2', [8, 12]),
  ...layer('norm', [8]),
  ...layer('head', [3, 8]),
}
const resnetShapes: Shapes = {
  'conv1.weight': [6, 3, 7, 7],
  ...batchNorm('bn1', 6),
  'layer1.0.conv1.weight': [4, 6, 1, 1],
  ...batchNorm('layer1.0.bn1', 4),
  'layer1.0.conv2.weight': [4, 2, 3, 3],
  ...batchNorm('layer1.0.bn2', 4),
  'layer1.0.conv3.weight': [6, 4, 1, 1],
  ...batchNorm('layer1.0.bn3', 6),
  ...layer('fc', [3, 6]),
}
const convnextShapes: Shapes = {
  ...layer('stem.0', [4, 3, 4, 4]),
  ...layer('stem.1', [4]),
  ...layer('stages.0.blocks.0.conv_dw', [4, 1, 3, 3]),
  ...layer('stages.0.blocks.0.norm', [4]),
  ...layer('stages.0.blocks.0.mlp.fc1', [8, 4]),
  ...layer('stages.0.blocks.0.mlp.fc2', [4, 8]),
  'stages.0.blocks.0.gamma': [4],
  ...layer('head.norm', [4]),
  ...layer('head.fc', [3, 4]),
}
const vitConfig = config('vit_tiny_patch16_224', { num_heads: 2, img_size: 8 })

test.each([
  [
    'vision transformer',
    vitConfig,
    vitShapes,
    ['attn.qkv', 'attn.proj', 'mlp.fc1', 'mlp.fc2'].map((n) => `blocks.0.${n}`),
  ],
  ['residual network', config('resnet50'), resnetShapes, ['conv1', 'conv2', 'conv3'].map((n) => `layer1.0.${n}`)],
  ['ConvNeXt', config('convnext_tiny'), convnextShapes, ['fc1', 'fc2'].map((n) => `stages.0.blocks.0.mlp.${n}`)],
])("a %s: any batch, timm's names, every size from the weights", (_, settings, shapes, layers) => {
  const graph = timmGraph(settings, weightsOf(shapes))
  validateGraph(graph)
  expect(graph.inputs).toEqual([{ name: 'input', dtype: 'float32', shape: ['batch', 3, 8, 8] }])
  expect(inferTypes(graph).get('logits')).toEqual({ dtype: 'float32', shape: ['batch', 3] })
  expect(prunableLayers(optimize(graph)).map((l) => l.name)).toEqual(layers)
})

test('groups are read off the weights, a pair of 3×3 weights is a basic block', () => {
  const graph = timmGraph(config('resnext50_32x4d'), weightsOf(resnetShapes))
  expect(graph.nodes.find((n) => n.name === 'layer1.0.conv2')!.attributes.group).toBe(2)
  const { 'layer1.0.conv1.weight': _, 'layer1.0.conv3.weight': __, ...rest } = resnetShapes
  const basic = {
    ...Object.fromEntries(Object.entries(rest).filter(([name]) => !name.includes('bn3'))),
    'layer1.0.conv1.weight': [4, 6, 3, 3],
    'layer1.0.conv2.weight': [6, 4, 3, 3],
    ...batchNorm('layer1.0.bn2', 6),
  }
  const convolutions = timmGraph(config('resnet18'), weightsOf(basic)).nodes.filter((n) => n.op === 'Conv')
  expect(convolutions.map((n) => [n.name, n.attributes.group])).toEqual([
    ['conv1', 1],
    ['layer1.0.conv1', 1],
    ['layer1.0.conv2', 1],
  ])
})

test('heads are as many as the name says where the arguments do not', () => {
  const wide = Object.fromEntries(
    Object.entries(vitShapes).map(([name, shape]) => [name, shape.map((s) => (s === 8 ? 320 : s === 24 ? 960 : s))]),
  )
  const heads = (architecture: string) =>
    timmGraph(config(architecture), weightsOf(wide)).nodes.find((n) => n.op === 'Attention')!.attributes.scale
  expect(heads('vit_huge_patch14_224')).toBeCloseTo(1 / Math.sqrt(20), 12)
  expect(heads('vit_base_patch16_224')).toBeCloseTo(1 / Math.sqrt(64), 12)
})

const without = (shapes: Shapes, name: string): Shapes =>
  Object.fromEntries(Object.entries(shapes).filter(([key]) => key !== name))
const relativeShapes: Shapes = {
  ...without(vitShapes, 'pos_embed'),
  ...layer('shared_rel_pos.mlp.fc1', [5, 2]),
  ...layer('shared_rel_pos.mlp.fc2', [2, 5]),
}
const nan = float32([8], [0, 0, 0, NaN, 0, 0, 0, 0])

test.each<[string, TimmConfig, Map<string, Tensor>, string, RegExp]>([
  ['an unknown family', config('swin_tiny'), weightsOf({}), 'UNSUPPORTED', /'swin_tiny'.*ONNX/],
  [
    'a relative of another making',
    config('vit_pe_core_base_patch16_224'),
    weightsOf(vitShapes),
    'UNSUPPORTED',
    /vit_pe/,
  ],
  ['no weights', vitConfig, weightsOf({}), 'INVALID_WEIGHTS', /patch_embed\.proj\.weight' is missing/],
  [
    'a missing weight',
    vitConfig,
    weightsOf(without(vitShapes, 'norm.bias')),
    'INVALID_WEIGHTS',
    /'norm\.bias' is missing/,
  ],
  ['weights left over', vitConfig, weightsOf({ ...vitShapes, 'a.b': [1], c: [1] }), 'UNSUPPORTED', /: a\.b, c$/],
  ['NaN', vitConfig, weightsOf(vitShapes).set('norm.bias', nan), 'INVALID_WEIGHTS', /norm\.bias.*NaN/],
  [
    'integers',
    vitConfig,
    weightsOf(vitShapes).set('norm.bias', int64([1], [1])),
    'INVALID_WEIGHTS',
    /norm\.bias' is int64/,
  ],
  [
    'a rank',
    vitConfig,
    weightsOf({ ...vitShapes, 'head.weight': [3, 8, 1] }),
    'SHAPE_MISMATCH',
    /head\.weight.*any, any/,
  ],
  ['sizes that do not meet', vitConfig, weightsOf({ ...vitShapes, 'head.weight': [3, 9] }), 'SHAPE_MISMATCH', /logits/],
  ['heads', config('vit_tiny_patch16_224', { num_heads: 3 }), weightsOf(vitShapes), 'SHAPE_MISMATCH', /num_heads/],
  [
    'positions of no square grid',
    config('vit_tiny_patch16_224', { num_heads: 2 }, 12),
    weightsOf({ ...vitShapes, pos_embed: [1, 7, 8] }),
    'SHAPE_MISMATCH',
    /7 positions.*9 patches/,
  ],
  ['another number of classes', { ...vitConfig, numClasses: 4 }, weightsOf(vitShapes), 'SHAPE_MISMATCH', /4 classes/],
  [
    'an argument that is not known',
    config('resnet50', { attn: 'x' }),
    weightsOf(resnetShapes),
    'UNSUPPORTED',
    /attn is not/,
  ],
  [
    'an argument of another kind',
    config('resnet50', { act_layer: 1 }),
    weightsOf(resnetShapes),
    'INVALID_DATA',
    /act_layer is 1/,
  ],
  [
    'an activation',
    config('resnet50', { act_layer: 'constructor' }),
    weightsOf(resnetShapes),
    'UNSUPPORTED',
    /constructor/,
  ],
  [
    'dilation',
    config('convnext_tiny', { output_stride: 16 }),
    weightsOf(convnextShapes),
    'UNSUPPORTED',
    /output_stride/,
  ],
  [
    'pooling',
    config('vit_tiny_patch16_224', { num_heads: 2, global_pool: 'prr' }),
    weightsOf(vitShapes),
    'UNSUPPORTED',
    /prr/,
  ],
  [
    'tables that only the image size makes large',
    config('vit_relpos_small_patch16_224', { num_heads: 2 }, 4000),
    weightsOf(relativeShapes),
    'UNSUPPORTED',
    /input size is too large for relative positions/,
  ],
])('refused in one line: %s', (_, settings, tensors, code, message) => {
  expect(() => timmGraph(settings, tensors)).toThrow(
    expect.objectContaining({ name: 'TacoError', code, message: expect.stringMatching(message) }),
  )
})

test('positions of another grid are resized, those of other tokens stay', () => {
  const weights = weightsOf(vitShapes)
  const graph = timmGraph(config('vit_tiny_patch16_224', { num_heads: 2 }, 12), weights)
  const { shape, data } = graph.initializers.get('pos_embed')!.tensor
  expect(shape).toEqual([1, 10, 8])
  expect(data.slice(0, 8)).toEqual(weights.get('pos_embed')!.data.slice(0, 8))
  expect(inferTypes(graph).get('logits')!.shape).toEqual(['batch', 3])
})

/** What each node that makes a value is fed, by name. */
const inputsOf = (settings: TimmConfig, shapes: Shapes): Record<string, readonly string[]> => {
  const graph = timmGraph(settings, weightsOf(shapes))
  expect(inferTypes(graph).get('logits')!.shape).toEqual(['batch', 3])
  return Object.fromEntries(graph.nodes.map(({ outputs, inputs }) => [outputs[0], inputs]))
}

test('a block that normalises after the branch', () => {
  const inputs = inputsOf(config('vit_base_patch16_rpn_224', { num_heads: 2 }), vitShapes)
  expect(inputs['blocks.0.attn.qkv']![0]).toBe('pos_embed.add')
  expect(inputs['blocks.0.norm1']![0]).toBe('blocks.0.attn.proj')
  expect(inputs['blocks.0.add1']).toEqual(['pos_embed.add', 'blocks.0.norm1'])
  expect(inputs['blocks.0.mlp.fc1']![0]).toBe('blocks.0.add1')
  expect(inputs['blocks.0.norm2']![0]).toBe('blocks.0.mlp.fc2')
  expect(inputs['blocks.0.add2']).toEqual(['blocks.0.add1', 'blocks.0.norm2'])
})

test('a block of two attentions and two MLPs', () => {
  const branches = [0, 1].map((i) => ({
    ...layer(`blocks.0.attns.${i}.norm`, [8]),
    ...layer(`blocks.0.attns.${i}.attn.qkv`, [24, 8]),
    ...layer(`blocks.0.attns.${i}.attn.proj`, [8, 8]),
    [`blocks.0.attns.${i}.ls.gamma`]: [8],
    ...layer(`blocks.0.ffns.${i}.norm`, [8]),
    ...layer(`blocks.0.ffns.${i}.mlp.fc1`, [12, 8]),
    ...layer(`blocks.0.ffns.${i}.mlp.fc2`, [8, 12]),
  }))
  const rest = Object.entries(vitShapes).filter(([name]) => !name.startsWith('blocks'))
  const shapes = Object.assign(Object.fromEntries(rest), ...branches) as Shapes
  const inputs = inputsOf(config('vit_small_patch16_18x2_224', { num_heads: 2 }), shapes)
  for (const i of [0, 1]) {
    expect(inputs[`blocks.0.attns.${i}.norm`]![0]).toBe('pos_embed.add')
    expect(inputs[`blocks.0.ffns.${i}.norm`]![0]).toBe('blocks.0.attns.1.add')
  }
  expect(inputs['blocks.0.attns.0.add']).toEqual(['pos_embed.add', 'blocks.0.attns.0.ls.gamma.scaled'])
  expect(inputs['blocks.0.attns.1.add']).toEqual(['blocks.0.attns.0.add', 'blocks.0.attns.1.ls.gamma.scaled'])
  expect(inputs['blocks.0.ffns.1.add']).toEqual(['blocks.0.ffns.0.add', 'blocks.0.ffns.1.mlp.fc2'])
})

test('a gate by its name is what its weights are; one that the weights do not tell is refused', () => {
  const gated = {
    ...resnetShapes,
    ...layer('layer1.0.se.fc1', [2, 6, 1, 1]),
    ...layer('layer1.0.se.fc2', [6, 2, 1, 1]),
  }
  const settings = (block_args: object) => config('resnet50', { block_args })
  expect(inputsOf(settings({ attn_layer: 'se', attn_kwargs: { rd_ratio: 0.25 } }), gated)['layer1.0.add']).toEqual([
    'layer1.0.se.mul',
    'maxpool',
  ])
  for (const wrong of [{ attn_layer: 'ge' }, { attn_kwargs: { gate_layer: 'hard_sigmoid' } }, { act: 'x' }, 7]) {
    expect(() => timmGraph(settings(wrong as object), weightsOf(gated))).toThrow(/block_args is not supported/)
  }
  expect(() => timmGraph(config('resnet50_gn'), weightsOf(resnetShapes))).toThrow(/norm_layer is not supported/)
})

test('a blur behind the convolution that stands for the stem pooling', () => {
  const shapes = { ...resnetShapes, 'maxpool.0.weight': [6, 6, 3, 3], ...batchNorm('maxpool.2', 6) }
  const inputs = inputsOf(config('resnetblur50', { replace_stem_pool: true }, 16), shapes)
  expect(inputs['maxpool.1.pad']![0]).toBe('maxpool.0')
  expect(inputs['maxpool.2']![0]).toBe('maxpool.1')
  expect(inputs['maxpool.3']).toEqual(['maxpool.2'])
})

test('learned rotary positions are taken, and turn q and k of each block', () => {
  const shapes = { ...without(vitShapes, 'pos_embed'), 'rope.freqs': [2, 1, 2, 2] }
  const inputs = inputsOf(config('vit_small_patch16_rope_mixed_224', { num_heads: 2 }), shapes)
  expect(inputs['blocks.0.attn.q_rotated.kept']![1]).toBe('rope.0.cos')
  expect(inputs['blocks.0.attn.k_rotated.turned']![1]).toBe('rope.0.sin')
})

test('pooling by the maximum, by its middle with the mean, or by both side by side', () => {
  const nodes = (settings: TimmConfig, shapes: Shapes): string[] =>
    timmGraph(settings, weightsOf(shapes)).nodes.map(({ op, outputs }) => `${outputs[0]}: ${op}`)
  const cases: [TimmConfig, Shapes, string[]][] = [
    [config('resnet50', { global_pool: 'max' }), resnetShapes, ['global_pool: GlobalMaxPool']],
    [config('resnet50', { global_pool: 'avgmax' }), resnetShapes, ['global_pool.sum: Add', 'global_pool: Mul']],
    [
      config('resnet50', { global_pool: 'catavgmax' }),
      { ...resnetShapes, ...layer('fc', [3, 12]) },
      ['global_pool: Concat'],
    ],
    [config('convnext_tiny', { global_pool: 'max' }), convnextShapes, ['head.global_pool: GlobalMaxPool']],
    [config('vit_tiny_patch16_224', { num_heads: 2, global_pool: 'max' }), vitShapes, ['pool: ReduceMax']],
    [
      config('vit_tiny_patch16_224', { num_heads: 2, global_pool: 'avgmax' }),
      vitShapes,
      ['pool.sum: Add', 'pool: Mul'],
    ],
  ]
  for (const [settings, shapes, expected] of cases)
    expect(nodes(settings, shapes)).toEqual(expect.arrayContaining(expected))
  expect(() => timmGraph(config('resnet50', { global_pool: 'x' }), weightsOf(resnetShapes))).toThrow(/global_pool 'x'/)
})

test('patches that are normalised before they are placed', () => {
  const shapes = { ...vitShapes, ...layer('patch_embed.norm', [8]) }
  const inputs = inputsOf(config('beit3_base_patch16_224', { num_heads: 2 }), shapes)
  expect(inputs['patch_embed.norm']![0]).toBe('patch_embed')
  expect(inputs.tokens).toContain('patch_embed.norm')
})

test('counters of batches are no weights', () => {
  const counted = weightsOf(resnetShapes).set('bn1.num_batches_tracked', int64([], [7]))
  expect(timmGraph(config('resnet50'), counted).nodes.length).toBeGreaterThan(0)
})

/** A linear congruential generator: the same damage in every run. */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

test('weights of any shape and arguments of any kind end in a typed error or in a graph', () => {
  const rounds = Number(process.env.TACO_FUZZ_ROUNDS ?? 700)
  const next = random(1)
  const starts: [string, Shapes][] = [
    ['vit_tiny_patch16_224', vitShapes],
    ['vit_relpos_small_patch16_224', relativeShapes],
    ['eva02_tiny_patch14_224', vitShapes],
    ['resnet50', resnetShapes],
    ['convnext_tiny', convnextShapes],
  ]
  const names = starts.flatMap(([, shapes]) => Object.keys(shapes))
  const values: unknown[] = [0, -1, 2.5, 1e9, '', 'avg', true, null, [1, 2], [], {}]
  const keys = ['num_heads', 'act_layer', 'global_pool', 'ref_feat_shape', 'output_stride', '__proto__', 'depths']
  let refused = 0
  for (let i = 0; i < rounds; i++) {
    const [architecture, shapes] = starts[next(starts.length)]!
    const damaged = new Map(Object.entries(shapes))
    for (let n = next(3); n >= 0; n--) {
      const name = names[next(names.length)]!
      const shape = [...(damaged.get(name) ?? [next(4), next(9)])]
      const action = next(4)
      if (action === 0) damaged.delete(name)
      else if (action === 1) damaged.set(name, [...shape, next(3)])
      else if (action === 2) damaged.set(name, shape.slice(1))
      else if (shape.length > 0) damaged.set(name, shape.with(next(shape.length), next(10)))
    }
    const args = next(2)
      ? { num_heads: 2 }
      : JSON.parse(`{"${keys[next(keys.length)]}":${JSON.stringify(values[next(values.length)])}}`)
    try {
      optimize(
        timmGraph(
          config(architecture, args as object, [8, 9, 1, 500][next(4)]),
          weightsOf(Object.fromEntries(damaged)),
        ),
      )
    } catch (error) {
      if (!isTacoError(error)) throw new Error(`round ${i}: ${String(error)}`, { cause: error })
      refused++
    }
  }
  expect(refused).toBeGreaterThan(rounds / 3)
  expect(Object.keys(Object.prototype)).toEqual([])
})

test('a folder, or the file in it; what is missing is named', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'timm-'))
  try {
    const file = join(folder, 'model.safetensors')
    writeFileSync(file, encodeSafetensors(weightsOf(vitShapes)))
    await expect(importTimm(folder)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(/config/),
    })
    const { architecture, numClasses, inputSize, mean, std } = vitConfig
    const cfg = { input_size: inputSize, mean, std }
    const json = { architecture, num_classes: numClasses, model_args: { num_heads: 2 }, pretrained_cfg: cfg }
    writeFileSync(join(folder, 'config.json'), JSON.stringify(json))
    expect((await importTimm(folder)).name).toBe('vit_tiny_patch16_224')
    expect(await importTimm(file)).toEqual(await importTimm(folder))
    writeFileSync(file, encodeSafetensors(weightsOf(without(vitShapes, 'cls_token'))))
    await expect(importTimm(folder)).rejects.toMatchObject({ message: expect.stringContaining(file) })
    rmSync(file)
    await expect(importTimm(folder)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining(file),
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

describe('weights in other files', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'timm-'))
    const { architecture, numClasses, inputSize, mean, std } = vitConfig
    const cfg = { input_size: inputSize, mean, std }
    const json = { architecture, num_classes: numClasses, model_args: { num_heads: 2 }, pretrained_cfg: cfg }
    writeFileSync(join(folder, 'config.json'), JSON.stringify(json))
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const write = (name: string, content: Uint8Array | object): void =>
    writeFileSync(join(folder, name), content instanceof Uint8Array ? content : JSON.stringify(content))
  const saved = (names: readonly string[] = Object.keys(vitShapes)): Map<string, SavedTensor> => {
    const weights = weightsOf(vitShapes)
    return new Map(
      names.map((name) => [name, floats(vitShapes[name]!, [...(weights.get(name)!.data as Float32Array)])]),
    )
  }
  const expected = () => timmGraph(vitConfig, weightsOf(vitShapes))

  test.each(['pytorch_model.bin', 'model.pth'])('%s of torch.save, in its folder or by its path', async (name) => {
    write(name, torchSave(new Map([['model', saved()]])))
    expect(await importTimm(folder)).toEqual(expected())
    expect(await importTimm(join(folder, name))).toEqual(expected())
  })

  test('several files of torch.save by an index, which must say of each weight where it is', async () => {
    const names = Object.keys(vitShapes)
    const parts = ['pytorch_model-00001-of-00002.bin', 'pytorch_model-00002-of-00002.bin'] as const
    const map = Object.fromEntries(names.map((name, i) => [name, parts[i % 2]!]))
    for (const part of parts) write(part, torchSave(saved(names.filter((name) => map[name] === part))))
    write('pytorch_model.bin.index.json', { weight_map: map })
    expect(await importTimm(folder)).toEqual(expected())
    write('pytorch_model.bin.index.json', { weight_map: { ...map, more: parts[0] } })
    await expect(importTimm(folder)).rejects.toMatchObject({
      message: expect.stringMatching(/places 'more' in .*lacks it/),
    })
    write('pytorch_model.bin.index.json', {
      weight_map: { ...map, 'norm.bias': parts[(names.indexOf('norm.bias') % 2) ^ 1] },
    })
    await expect(importTimm(folder)).rejects.toMatchObject({
      message: expect.stringMatching(/'norm\.bias', which .*not place/),
    })
    write('pytorch_model.bin.index.json', { weight_map: { a: '../x.bin' } })
    await expect(importTimm(folder)).rejects.toMatchObject({ code: 'INVALID_DATA' })
  })
})

test('fixtures of every variant give as many logits as their sample has', async () => {
  const fixtures = fileURLToPath(new URL('../../../../../shared/data/timm-fixtures/', import.meta.url))
  if (!existsSync(fixtures)) return console.info('timm fixtures are not here: skipped')
  const variants = readdirSync(fixtures).filter((name) => !name.endsWith('.json'))
  expect(variants.length).toBeGreaterThan(30)
  for (const name of variants) {
    const { num_classes } = JSON.parse(readFileSync(`${fixtures}${name}/config.json`, 'utf8')) as {
      num_classes: number
    }
    const graph = await importTimm(fixtures + name)
    validateGraph(graph)
    expect([name, inferTypes(optimize(graph)).get('logits')?.shape]).toEqual([name, ['batch', num_classes]])
  }
})
