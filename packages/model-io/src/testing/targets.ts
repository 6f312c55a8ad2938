import { TacoError } from '@tacojs/errors'
import { float32, type Tensor } from '@tacojs/graph'
import { isAbsolute, join, relative } from 'node:path'
import { decodeSafetensors, encodeSafetensors, parseTimmConfig, readStateDict, timmGraph } from '../index.js'
import { parseHubReference } from '../hub/reference.js'
import { repoCache } from '../hub/cache.js'
import {
  ascii,
  floats,
  Namespace,
  pickled,
  SavedTensor,
  Storage,
  torchSave,
  torchSaveLegacy,
  type Saveable,
} from '../pickle/testing/torch-save.js'
import { writeZip } from '../pickle/testing/write-zip.js'
import { parseShards } from '../safetensors/shards.js'
import type { FuzzTarget } from './fuzz.js'

const text = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))
const latin = (value: string): Uint8Array => Uint8Array.from(ascii(value))

const shared = new Storage('float32', new Uint8Array(Float32Array.from({ length: 24 }, (_, i) => i).buffer), 24)
const checkpoint = new Map<string, Saveable>([
  ['epoch', 3],
  ['args', new Namespace(new Map<string, Saveable>([['lr', 0.1]]))],
  [
    'state_dict',
    new Map<string, Saveable>([
      ['module.a', new SavedTensor(shared, [3, 2], [1, 12], 1, true)],
      ['module.b', new SavedTensor(shared, [2, 3], [12, 2], 3)],
      ['module.c', floats([2], [1, 2])],
    ]),
  ],
])

/** Opcodes and names, of what is allowed and of what would run something. */
const pickleWords = [
  'cposix\nsystem\n',
  'cbuiltins\neval\n',
  'ctorch._utils\n_rebuild_tensor_v2\n',
  'ccollections\nOrderedDict\n',
  'cargparse\nNamespace\n',
  'ctorch\nFloatStorage\n',
  'U\x09__proto__',
  'U\x0bconstructor',
  'X\xff\xff\xff\x7f',
  '\x8b\xff\xff\xff\x7f',
  ...'()]}[RbQ.01 2N\x85\x86\x87\x81\x88\x89\x93\x94\x8f\x90\x91tuseaiod',
].map(latin)

/** The archive with another pickle in it, its checksums being right: what is changed must get past them. */
function withPickle(bytes: Uint8Array): Uint8Array {
  const storages = [shared.bytes, new Uint8Array(8)].map((b, i): [string, Uint8Array] => [`archive/data/${i}`, b])
  return writeZip([['archive/data.pkl', bytes], ...storages])
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown
  } catch {
    throw new TacoError('INVALID_DATA', 'the file is not valid JSON')
  }
}

const jsonWords = [
  '"__proto__":{"polluted":1},',
  '"constructor":',
  '1e999',
  '-1',
  '0.5',
  '1e15',
  'null',
  'true',
  '[]',
  '{}',
  '"\\u0000"',
  '"../../x.safetensors"',
  '"C:\\\\x.bin"',
  '[4,4]',
].map(text)

const configs = [
  {
    architecture: 'vit_tiny_patch16_224',
    num_classes: 2,
    global_pool: 'token',
    model_args: { num_heads: 2, img_size: 8, act_layer: 'gelu', norm_layer: 'layernorm', pool_include_prefix: false },
    pretrained_cfg: { input_size: [3, 8, 8], interpolation: 'bicubic', crop_pct: 0.9, mean: [0, 0, 0], std: [1, 1, 1] },
  },
  {
    architecture: 'eva02_tiny_patch14_224',
    num_classes: 2,
    model_args: {
      num_heads: 2,
      ref_feat_shape: [4, 4],
      rope_type: 'cat',
      rope_temperature: 100,
      dynamic_img_size: true,
    },
    pretrained_cfg: {
      input_size: [3, 12, 12],
      crop_mode: 'center',
      mean: [0, 0, 0],
      std: [1, 1, 1],
      label_names: ['a', 'b'],
    },
  },
]

const vitWeights = new Map<string, Tensor>(
  Object.entries({
    cls_token: [1, 1, 8],
    pos_embed: [1, 5, 8],
    'patch_embed.proj.weight': [8, 3, 4, 4],
    'patch_embed.proj.bias': [8],
    'blocks.0.norm1.weight': [8],
    'blocks.0.norm1.bias': [8],
    'blocks.0.attn.qkv.weight': [24, 8],
    'blocks.0.attn.proj.weight': [8, 8],
    'blocks.0.norm2.weight': [8],
    'blocks.0.norm2.bias': [8],
    'blocks.0.mlp.fc1.weight': [12, 8],
    'blocks.0.mlp.fc2.weight': [8, 12],
    'norm.weight': [8],
    'norm.bias': [8],
    'head.weight': [2, 8],
    'head.bias': [2],
  }).map(([name, shape]) => [name, float32(shape, new Float32Array(shape.reduce((a, b) => a * b)).fill(0.1))]),
)

/** Throws an ordinary error where a place in the cache is outside of it. */
function checkInside(reference: string): void {
  const { repo, revision } = parseHubReference(reference)
  const { folder } = repoCache('/cache', repo)
  for (const [inner, outer] of [
    [folder, '/cache'],
    [join(folder, 'refs', revision), join(folder, 'refs')],
  ] as const) {
    const path = relative(outer, inner)
    if (path === '' || path.startsWith('..') || isAbsolute(path)) throw new Error(`${reference} leads to ${inner}`)
  }
}

/** The parsers of what comes with a timm model: state dicts, safetensors, configs, and the names and indices of the hub. */
export const fuzzTargets: readonly FuzzTarget[] = [
  {
    name: 'archives of torch.save',
    seeds: [torchSave(checkpoint), torchSave(checkpoint, { zip64: true, comment: 'x' })],
    words: [...['PK\x01\x02', 'PK\x03\x04', 'PK\x05\x06', 'PK\x06\x06', 'PK\x06\x07'].map(latin), ...pickleWords],
    run: readStateDict,
  },
  {
    name: 'pickles',
    seeds: [pickled(checkpoint).bytes, pickled(checkpoint.get('state_dict')!).bytes],
    words: pickleWords,
    run: (bytes) => readStateDict(withPickle(bytes)),
  },
  { name: 'old files of torch.save', seeds: [torchSaveLegacy(checkpoint)], words: pickleWords, run: readStateDict },
  {
    name: 'safetensors',
    seeds: [encodeSafetensors(vitWeights, new Map([['format', 'pt']]))],
    words: [...jsonWords, ...['"F16"', '"BF16"', '"data_offsets":[0,0]', '"__metadata__":{}'].map(text)],
    run: (bytes) => decodeSafetensors(bytes),
  },
  {
    name: 'config.json',
    seeds: configs.map(text),
    words: [...jsonWords, ...['vit_relpos_', '"mixed"', '"dinov3"', '"map"', '"avg"', '99999'].map(text)],
    run: (bytes) => timmGraph(parseTimmConfig(parsed(bytes)), vitWeights),
  },
  {
    name: 'indices of weights',
    seeds: [
      text({
        metadata: { total_size: 3 },
        weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' },
      }),
      text({ weight_map: { a: 'pytorch_model-00001-of-00001.bin' } }),
    ],
    words: jsonWords,
    run: (bytes) => {
      for (const file of parseShards(parsed(bytes), 'the index').values()) {
        if (/[/\\\0:]|^\./.test(file)) throw new Error(`a file outside of the folder: ${file}`)
      }
    },
  },
  {
    name: 'names of models on the hub',
    seeds: ['hf-hub:timm/vit_tiny_patch16_224.augreg_in21k@main', 'hf_hub:gpt2', 'hf-hub:a/b@refs/pr/1'].map(text),
    words: ['..', '/', '\\', '@', '--', '\0', '%2e%2e', 'C:', '~', '.', '\n', 'é'].map(text),
    run: (bytes) => checkInside(new TextDecoder().decode(bytes)),
  },
]
