import type { StoredType } from '../stored-type.js'
import { Global, type GlobalKind } from './values.js'

const containers: readonly (readonly [string, GlobalKind])[] = [
  ['collections.OrderedDict', 'dict'],
  // the arguments of a run, which timm's training puts beside the weights
  ['argparse.Namespace', 'namespace'],
  ['torch.Size', 'size'],
  ['torch._utils._rebuild_parameter', 'parameter'],
  ['torch._utils._rebuild_tensor', 'tensor'],
  ['torch._utils._rebuild_tensor_v2', 'tensor'],
  ['torch._utils._rebuild_tensor_v3', 'typed tensor'],
]

const storages: readonly (readonly [string, StoredType | 'bytes'])[] = [
  ['torch.DoubleStorage', 'float64'],
  ['torch.FloatStorage', 'float32'],
  ['torch.HalfStorage', 'float16'],
  ['torch.BFloat16Storage', 'bfloat16'],
  ['torch.LongStorage', 'int64'],
  ['torch.IntStorage', 'int32'],
  ['torch.ShortStorage', 'int16'],
  ['torch.CharStorage', 'int8'],
  ['torch.ByteStorage', 'uint8'],
  ['torch.BoolStorage', 'bool'],
  ['torch.storage.UntypedStorage', 'bytes'],
]

const dtypes: readonly StoredType[] = [
  'float64',
  'float32',
  'float16',
  'bfloat16',
  'int64',
  'int32',
  'int16',
  'int8',
  'uint64',
  'uint32',
  'uint16',
  'uint8',
  'bool',
]

/** Every name that a file may ask for, by module and name. All others are refused. */
export const allowedGlobals: ReadonlyMap<string, Global> = new Map(
  [
    ...containers.map(([name, kind]) => new Global(name, kind)),
    ...storages.map(([name, type]) => new Global(name, 'storage', type)),
    ...dtypes.map((type) => new Global(`torch.${type}`, 'dtype', type)),
  ].map((global) => [global.name, global]),
)
