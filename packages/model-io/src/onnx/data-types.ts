import { TacoError } from '@tacojs/errors'
import type { DType } from '@tacojs/graph'
import type { StoredType } from '../stored-type.js'

interface Storage {
  readonly type: StoredType
  /** The typed field that holds the elements when raw_data is absent. */
  readonly field: 'floatData' | 'int32Data' | 'int64Data' | 'doubleData' | 'uint64Data'
}

/** TensorProto.DataType: how each element type is stored. */
const storages: ReadonlyMap<number, Storage> = new Map([
  [1, { type: 'float32', field: 'floatData' }],
  [2, { type: 'uint8', field: 'int32Data' }],
  [3, { type: 'int8', field: 'int32Data' }],
  [4, { type: 'uint16', field: 'int32Data' }],
  [5, { type: 'int16', field: 'int32Data' }],
  [6, { type: 'int32', field: 'int32Data' }],
  [7, { type: 'int64', field: 'int64Data' }],
  [9, { type: 'bool', field: 'int32Data' }],
  [10, { type: 'float16', field: 'int32Data' }],
  [11, { type: 'float64', field: 'doubleData' }],
  [12, { type: 'uint32', field: 'uint64Data' }],
  [13, { type: 'uint64', field: 'uint64Data' }],
  [16, { type: 'bfloat16', field: 'int32Data' }],
] satisfies [number, Storage][])

const names: Readonly<Record<number, string>> = {
  8: 'string',
  14: 'complex64',
  15: 'complex128',
  17: 'float8e4m3fn',
  18: 'float8e4m3fnuz',
  19: 'float8e5m2',
  20: 'float8e5m2fnuz',
  21: 'uint4',
  22: 'int4',
  23: 'float4e2m1',
}

/** Throws UNSUPPORTED for a data type that graphs cannot hold; `where` says whose it is. */
export function storageOf(dataType: number, where: string): Storage {
  const storage = storages.get(dataType)
  if (storage) return storage
  throw new TacoError('UNSUPPORTED', `${where} has data type ${names[dataType] ?? dataType}, which graphs cannot hold`)
}

/** The TensorProto.DataType code of a graph's data type. */
export function dataTypeOf(dtype: DType): number {
  for (const [code, storage] of storages) if (storage.type === dtype) return code
  throw new Error(`no ONNX data type for ${dtype}`)
}
