import type { StoredType } from '../../stored-type.js'
import { writeZip, type ZipOptions } from './write-zip.js'
import { joined } from '../../testing/joined.js'

/** Bytes of elements that tensors are views of. */
export class Storage {
  constructor(
    readonly type: StoredType | 'bytes',
    readonly bytes: Uint8Array,
    readonly numel: number,
  ) {}
}

export class SavedTensor {
  constructor(
    readonly storage: Storage,
    readonly shape: readonly number[],
    readonly strides: readonly number[] = rowMajor(shape),
    readonly offset = 0,
    /** A weight of a module, rather than a tensor. */
    readonly parameter = false,
    /** Of a storage that knows none. */
    readonly type?: StoredType,
  ) {}
}

/** An `argparse.Namespace`. */
export class Namespace {
  constructor(readonly attributes: ReadonlyMap<string, Saveable>) {}
}

export type Saveable =
  | undefined
  | boolean
  | number
  | string
  | readonly Saveable[]
  | ReadonlyMap<Saveable, Saveable>
  | SavedTensor
  | Namespace

const rowMajor = (shape: readonly number[]): number[] =>
  shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1))

const storageNames: Readonly<Record<string, string>> = {
  float64: 'DoubleStorage',
  float32: 'FloatStorage',
  float16: 'HalfStorage',
  bfloat16: 'BFloat16Storage',
  int64: 'LongStorage',
  int32: 'IntStorage',
  int16: 'ShortStorage',
  int8: 'CharStorage',
  uint8: 'ByteStorage',
  bool: 'BoolStorage',
}

/** A float32 tensor of its own storage. */
export const floats = (shape: readonly number[], values: readonly number[]): SavedTensor =>
  new SavedTensor(new Storage('float32', new Uint8Array(Float32Array.from(values).buffer), values.length), shape)

/**
 * Writes what Python's pickler writes at protocol 2 for what torch.save hands it: names and strings are kept and recalled,
 * tensors are calls of torch._utils._rebuild_tensor_v2, storages are persistent ids.
 */
class Pickler {
  readonly out: number[] = [0x80, 2]
  readonly storages: Storage[] = []
  readonly #kept = new Map<unknown, number>()
  #count = 0

  /** @param legacy the persistent ids of files before zip have a view, too */
  constructor(readonly legacy: boolean) {}

  keep(key?: unknown): void {
    if (key !== undefined) this.#kept.set(key, this.#count)
    if (this.#count < 256) this.out.push(0x71, this.#count++)
    else this.out.push(0x72, ...uint32(this.#count++))
  }

  recalled(key: unknown): boolean {
    const index = this.#kept.get(key)
    if (index === undefined) return false
    if (index < 256) this.out.push(0x68, index)
    else this.out.push(0x6a, ...uint32(index))
    return true
  }

  global(module: string, name: string): void {
    if (this.recalled(`global ${module}.${name}`)) return
    this.out.push(0x63, ...ascii(`${module}\n${name}\n`))
    this.keep(`global ${module}.${name}`)
  }

  text(value: string): void {
    if (this.recalled(`text ${value}`)) return
    const bytes = new TextEncoder().encode(value)
    this.out.push(0x58, ...uint32(bytes.length), ...bytes)
    this.keep(`text ${value}`)
  }

  number(value: number): void {
    if (!Number.isInteger(value)) {
      const bytes = new Uint8Array(8)
      new DataView(bytes.buffer).setFloat64(0, value)
      this.out.push(0x47, ...bytes)
    } else if (value >= 0 && value < 256) this.out.push(0x4b, value)
    else if (value >= 0 && value < 65536) this.out.push(0x4d, value & 255, value >> 8)
    else if (Math.abs(value) < 2 ** 31) this.out.push(0x4a, ...uint32(value))
    else this.out.push(0x8a, 8, ...int64(value))
  }

  tuple(items: readonly (() => void)[]): void {
    if (items.length === 0) return void this.out.push(0x29)
    if (items.length > 3) this.out.push(0x28)
    for (const item of items) item()
    this.out.push([0x74, 0x85, 0x86, 0x87][items.length > 3 ? 0 : items.length]!)
    this.keep()
  }

  items(entries: Iterable<readonly [Saveable, Saveable]>): void {
    this.out.push(0x28)
    for (const [key, value] of entries) {
      this.value(key)
      this.value(value)
    }
    this.out.push(0x75)
  }

  orderedDict(): void {
    this.global('collections', 'OrderedDict')
    this.out.push(0x29, 0x52)
    this.keep()
  }

  storage(storage: Storage): void {
    if (!this.storages.includes(storage)) this.storages.push(storage)
    const key = String(this.storages.indexOf(storage))
    this.tuple([
      () => this.text('storage'),
      () =>
        storage.type === 'bytes'
          ? this.global('torch.storage', 'UntypedStorage')
          : this.global('torch', storageNames[storage.type]!),
      () => this.text(key),
      () => this.text('cpu'),
      () => this.number(storage.numel),
      ...(this.legacy ? [() => void this.out.push(0x4e)] : []),
    ])
    this.out.push(0x51)
  }

  tensor(tensor: SavedTensor): void {
    if (tensor.parameter) this.global('torch._utils', '_rebuild_parameter')
    if (tensor.parameter) this.out.push(0x28)
    this.global('torch._utils', tensor.type ? '_rebuild_tensor_v3' : '_rebuild_tensor_v2')
    const sizes = (values: readonly number[]) => () => this.tuple(values.map((v) => () => this.number(v)))
    this.tuple([
      () => this.storage(tensor.storage),
      () => this.number(tensor.offset),
      sizes(tensor.shape),
      sizes(tensor.strides),
      () => void this.out.push(0x89),
      () => this.orderedDict(),
      ...(tensor.type ? [() => this.global('torch', tensor.type!)] : []),
    ])
    this.out.push(0x52)
    this.keep()
    if (!tensor.parameter) return
    this.out.push(0x88)
    this.orderedDict()
    this.out.push(0x74)
    this.keep()
    this.out.push(0x52)
    this.keep()
  }

  value(value: Saveable): void {
    if (value === undefined) this.out.push(0x4e)
    else if (typeof value === 'boolean') this.out.push(value ? 0x88 : 0x89)
    else if (typeof value === 'number') this.number(value)
    else if (typeof value === 'string') this.text(value)
    else if (value instanceof SavedTensor) this.tensor(value)
    else if (value instanceof Namespace) {
      this.global('argparse', 'Namespace')
      this.out.push(0x29, 0x81)
      this.keep()
      this.out.push(0x7d)
      this.keep()
      this.items(value.attributes)
      this.out.push(0x62)
    } else if (value instanceof Map) {
      this.orderedDict()
      this.items(value as ReadonlyMap<Saveable, Saveable>)
      // the versions of its modules, which torch keeps as an attribute
      this.out.push(0x7d)
      this.keep()
      this.text('_metadata')
      this.orderedDict()
      this.out.push(0x73, 0x62)
    } else {
      this.out.push(0x5d)
      this.keep()
      this.out.push(0x28)
      for (const item of value as readonly Saveable[]) this.value(item)
      this.out.push(0x65)
    }
  }
}

export function pickled(value: Saveable, legacy = false): { readonly bytes: Uint8Array; readonly storages: Storage[] } {
  const pickler = new Pickler(legacy)
  pickler.value(value)
  pickler.out.push(0x2e)
  return { bytes: Uint8Array.from(pickler.out), storages: pickler.storages }
}

/** The bytes that torch.save writes. */
export function torchSave(value: Saveable, options: ZipOptions = {}): Uint8Array {
  const { bytes, storages } = pickled(value)
  return writeZip(
    [
      ['archive/data.pkl', bytes],
      ['archive/byteorder', Uint8Array.from(ascii('little'))],
      ...storages.map((storage, i): [string, Uint8Array] => [`archive/data/${i}`, storage.bytes]),
      ['archive/version', Uint8Array.from(ascii('3\n'))],
      ['archive/.data/serialization_id', Uint8Array.from(ascii('0123456789'))],
    ],
    options,
  )
}

/** The bytes that it wrote before version 1.6, and writes with `_use_new_zipfile_serialization=False`. */
export function torchSaveLegacy(value: Saveable): Uint8Array {
  const { bytes, storages } = pickled(value, true)
  const magic = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]
  const version = [0x80, 2, 0x4d, 0xe9, 0x03, 0x2e]
  const machine = new Map<Saveable, Saveable>([
    ['protocol_version', 1001],
    ['little_endian', true],
  ])
  return joined(
    Uint8Array.from([...magic, ...version]),
    pickled(machine).bytes,
    bytes,
    pickled(storages.map((_, i) => String(i))).bytes,
    ...storages.flatMap((storage) => [Uint8Array.from(int64(storage.numel)), storage.bytes]),
  )
}

export const ascii = (text: string): number[] => Array.from(text, (c) => c.charCodeAt(0))
export const uint32 = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 255)

function int64(value: number): number[] {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true)
  return [...bytes]
}
