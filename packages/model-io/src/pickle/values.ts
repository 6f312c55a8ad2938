import type { StoredType } from '../stored-type.js'

/** What a pickle may hold: plain values, containers (lists and tuples alike, dicts and namespaces as maps), tensors. */
export type Value =
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Value[]
  | Map<Value, Value>
  | Set<Value>
  | Global
  | StorageRef
  | TensorRef

/** A name of Python that the allow-list has. It is never looked up or called: it only says what was written. */
export class Global {
  constructor(
    readonly name: string,
    readonly kind: GlobalKind,
    /** Of a storage's or an element's type; 'bytes' for a storage that knows none. */
    readonly type?: StoredType | 'bytes',
  ) {}
}

export type GlobalKind = 'dict' | 'namespace' | 'size' | 'parameter' | 'tensor' | 'typed tensor' | 'storage' | 'dtype'

/** Elements somewhere in the file. */
export class StorageRef {
  constructor(
    readonly key: string,
    readonly type: StoredType | 'bytes',
    /** Elements; bytes where the type is not known. */
    readonly numel: number,
  ) {}
}

/** A view of a storage; offset and strides in elements. It lies inside of the storage. */
export class TensorRef {
  constructor(
    readonly storage: StorageRef,
    readonly type: StoredType,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}
