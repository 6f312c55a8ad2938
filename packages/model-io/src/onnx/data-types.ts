import { TacoError } from '@tacojs/errors'
import type { DType } from '@tacojs/graph'

interface Storage {
  /** The data type that the graph holds. */
  readonly dtype: DType
  /** Bytes of one element in raw_data. */
  readonly bytes: number
  /** The typed field that holds the elements when raw_data is absent. */
  readonly field: 'floatData' | 'int32Data' | 'int64Data' | 'doubleData' | 'uint64Data'
}

/** TensorProto.DataType: how each element type is stored. fp16 and bf16 become float32. */
export const FLOAT = 1
export const FLOAT16 = 10
export const BFLOAT16 = 16

const storages: ReadonlyMap<number, Storage> = new Map([
  [FLOAT, { dtype: 'float32', bytes: 4, field: 'floatData' }],
  [2, { dtype: 'uint8', bytes: 1, field: 'int32Data' }],
  [3, { dtype: 'int8', bytes: 1, field: 'int32Data' }],
  [4, { dtype: 'uint16', bytes: 2, field: 'int32Data' }],
  [5, { dtype: 'int16', bytes: 2, field: 'int32Data' }],
  [6, { dtype: 'int32', bytes: 4, field: 'int32Data' }],
  [7, { dtype: 'int64', bytes: 8, field: 'int64Data' }],
  [9, { dtype: 'bool', bytes: 1, field: 'int32Data' }],
  [FLOAT16, { dtype: 'float32', bytes: 2, field: 'int32Data' }],
  [11, { dtype: 'float64', bytes: 8, field: 'doubleData' }],
  [12, { dtype: 'uint32', bytes: 4, field: 'uint64Data' }],
  [13, { dtype: 'uint64', bytes: 8, field: 'uint64Data' }],
  [BFLOAT16, { dtype: 'float32', bytes: 2, field: 'int32Data' }],
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
  for (const [code, storage] of storages) if (storage.dtype === dtype) return code
  throw new Error(`no ONNX data type for ${dtype}`)
}
