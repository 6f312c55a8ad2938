import { TacoError } from '@tacojs/errors'
import { allowedGlobals } from './globals.js'
import { rebuild, storageOf, type Invalid } from './rebuild.js'
import { Global, TensorRef, type StorageRef, type Value } from './values.js'

/** Values that the machine holds at a time; torch writes containers in batches of 1 000. */
const MAX_STACK = 1_000_000
/** What a pickle may make, a container counting as four: one byte makes a container that takes two hundred. */
const MAX_MADE = 1_000_000
const CONTAINER = 4

/** The place on the stack where a container begins. */
const mark = Symbol('mark')

interface Unpickled {
  readonly value: Value
  /** The byte behind the pickle. */
  readonly end: number
  /** By key, also of what is not part of the value any more. */
  readonly storages: ReadonlyMap<string, StorageRef>
}

/**
 * Reads the pickle that begins at `start`: Python's stack machine (PEP 3154), reduced to what tensors and plain containers
 * need. Nothing is looked up or called: a name must be on the allow-list and only says what was written; every opcode
 * that is not in the table below is refused, and so is what would take a lot of memory.
 *
 * @param where names the file in errors
 * @throws INVALID_DATA, or UNSUPPORTED naming what is not allowed
 */
export function unpickle(bytes: Uint8Array, where: string, start = 0): Unpickled {
  const machine = new Machine(bytes, start, (why) => new TacoError('INVALID_DATA', `${where} is no state dict: ${why}`))
  for (;;) {
    const at = machine.at
    const code = machine.uint(1)
    if (code === STOP) return { value: machine.pop(), end: machine.at, storages: machine.storages }
    const step = opcodes.get(code)
    if (!step) {
      throw new TacoError(
        'UNSUPPORTED',
        `${where} has pickle opcode 0x${code.toString(16).padStart(2, '0')}${meaningOf(code, machine)} at byte ${at}, which tensors and plain containers do not need: ${advice}`,
      )
    }
    step(machine, where)
  }
}

const advice = "save the model's state_dict() alone, best as safetensors"
const STOP = 0x2e

/** What an opcode that is refused would have run, for those that name it themselves. */
function meaningOf(code: number, machine: Machine): string {
  if (code !== 0x69) return ''
  return ` (of ${machine.line()}.${machine.line()})`
}

class Machine {
  readonly #stack: (Value | typeof mark)[] = []
  readonly #memo = new Map<number, Value>()
  readonly #view: DataView
  readonly storages = new Map<string, StorageRef>()
  #made = 0

  constructor(
    readonly bytes: Uint8Array,
    public at: number,
    readonly invalid: Invalid,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** So many bytes of the input. */
  take(length: number): Uint8Array {
    if (length > this.bytes.length - this.at) throw this.invalid(`its pickle ends inside of a value (byte ${this.at})`)
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  /** An unsigned little-endian number of 1, 2, 4 or 8 bytes. */
  uint(size: 1 | 2 | 4 | 8): number {
    this.take(size)
    const at = this.at - size
    if (size === 1) return this.#view.getUint8(at)
    if (size === 2) return this.#view.getUint16(at, true)
    if (size === 4) return this.#view.getUint32(at, true)
    const wide = Number(this.#view.getBigUint64(at, true))
    if (Number.isSafeInteger(wide)) return wide
    throw this.invalid(`its pickle states a length of ${wide} bytes`)
  }

  int32(): number {
    this.take(4)
    return this.#view.getInt32(this.at - 4, true)
  }

  float64(): number {
    this.take(8)
    return this.#view.getFloat64(this.at - 8, false)
  }

  /** Two's complement, little endian. */
  integer(length: number): number | bigint {
    if (length > 16) throw this.invalid(`its pickle holds an integer of ${length} bytes`)
    const value = this.take(length).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
    const signed = length > 0 ? BigInt.asIntN(8 * length, value) : value
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed
  }

  text(length: number): string {
    this.made(1)
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.take(length))
    } catch (error) {
      throw error instanceof TacoError ? error : this.invalid('its pickle holds text that is not UTF-8')
    }
  }

  /** Up to the end of the line, which is passed over. Only names are written so. */
  line(): string {
    const end = this.bytes.subarray(this.at, this.at + 256).indexOf(0x0a)
    if (end < 0) throw this.invalid('its pickle holds a name without an end')
    const text = latin1(this.take(end))
    this.at++
    return text.replace(/[^\x20-\x7e]/g, '?')
  }

  made(units: number): void {
    this.#made += units
    if (this.#made > MAX_MADE) throw this.invalid('its pickle makes more values than a state dict has')
  }

  push(value: Value | typeof mark): void {
    if (this.#stack.length >= MAX_STACK) throw this.invalid('its pickle piles up more values than a state dict has')
    this.#stack.push(value)
  }

  /** Each tensor of a storage names it anew, and must say the same of it. */
  pushStorage(storage: StorageRef): void {
    const known = this.storages.get(storage.key)
    if (known && (known.type !== storage.type || known.numel !== storage.numel)) {
      throw this.invalid('a storage is described in two ways')
    }
    this.made(CONTAINER)
    this.storages.set(storage.key, known ?? storage)
    this.push(known ?? storage)
  }

  /** A new container. */
  pushMade(value: Value): void {
    this.made(CONTAINER)
    this.push(value)
  }

  pop(): Value {
    const value = this.#stack.length > 0 ? this.#stack.pop() : mark
    if (value === mark) throw this.invalid('its pickle takes a value that is not there')
    return value as Value
  }

  top(): Value {
    const value = this.pop()
    this.#stack.push(value)
    return value
  }

  popToMark(): Value[] {
    const at = this.#stack.lastIndexOf(mark)
    if (at < 0) throw this.invalid('its pickle ends a container that was not begun')
    return this.#stack.splice(at).slice(1) as Value[]
  }

  remember(index: number): void {
    this.made(1)
    this.#memo.set(index, this.top())
  }

  rememberNext(): void {
    this.remember(this.#memo.size)
  }

  recall(index: number): void {
    if (!this.#memo.has(index)) throw this.invalid(`its pickle recalls value ${index}, which it has not kept`)
    this.push(this.#memo.get(index))
  }
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

function findGlobal(machine: Machine, where: string, module: Value, name: Value): void {
  if (typeof module !== 'string' || typeof name !== 'string')
    throw machine.invalid('its pickle has a name that is no text')
  const path = `${module}.${name}`
  const global = allowedGlobals.get(path)
  if (global) return machine.push(global)
  const shown = path.replace(/[^\x20-\x7e]/g, '?').slice(0, 120)
  throw new TacoError(
    'UNSUPPORTED',
    `${where} asks for ${shown}, which is refused: only tensors and plain containers are read, nothing is run; ${advice}`,
  )
}

function setItems(machine: Machine, target: Value, items: Value[]): void {
  if (!(target instanceof Map) || items.length % 2 !== 0)
    throw machine.invalid('its pickle puts items in what is no dict')
  for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1])
}

function append(machine: Machine, target: Value, items: Value[]): void {
  if (!Array.isArray(target)) throw machine.invalid('its pickle appends to what is no list')
  for (const item of items) target.push(item)
}

/** Attributes of a dict (torch keeps versions there) or of a tensor say nothing here; a namespace is its attributes. */
function build(machine: Machine): void {
  const state = machine.pop()
  const target = machine.top()
  const attributes = state === undefined || state instanceof Map
  if (!attributes || !(target instanceof Map || target instanceof TensorRef)) {
    throw machine.invalid('its pickle gives a state to what has none')
  }
}

function reduce(machine: Machine): void {
  const args = machine.pop()
  const callee = machine.pop()
  if (!(callee instanceof Global)) throw machine.invalid('its pickle calls what is no function')
  machine.pushMade(rebuild(callee, args, machine.invalid, (items) => machine.made(items)))
}

/** Only for a namespace, which is made empty. */
function newObject(machine: Machine): void {
  const args = machine.pop()
  const callee = machine.pop()
  if (!(callee instanceof Global) || callee.kind !== 'namespace' || !Array.isArray(args) || args.length > 0) {
    const named = callee instanceof Global ? callee.name : 'what is no class'
    throw machine.invalid(`its pickle makes an object of ${named}`)
  }
  machine.pushMade(new Map())
}

const tuple = (size: number) => (machine: Machine) => {
  const items = Array.from({ length: size }, () => machine.pop())
  machine.pushMade(items.reverse())
}

const blob = (length: (machine: Machine) => number) => (machine: Machine) => {
  machine.made(1)
  machine.push(machine.take(length(machine)).slice())
}

/** Every opcode that is read, by its byte. */
const opcodes: ReadonlyMap<number, (machine: Machine, where: string) => void> = new Map<
  number,
  (machine: Machine, where: string) => void
>([
  // PROTO, FRAME: how the rest is written and sent says nothing about it
  [0x80, (m) => void (m.uint(1) > 5 && raise(m.invalid('its pickle is of a protocol above 5')))],
  [0x95, (m) => void (m.uint(8) > m.bytes.length - m.at && raise(m.invalid('its pickle has a frame beyond its end')))],
  // MARK, POP, POP_MARK, DUP
  [0x28, (m) => m.push(mark)],
  [0x30, (m) => void m.pop()],
  [0x31, (m) => void m.popToMark()],
  [0x32, (m) => m.push(m.top())],
  // NONE, NEWTRUE, NEWFALSE
  [0x4e, (m) => m.push(undefined)],
  [0x88, (m) => m.push(true)],
  [0x89, (m) => m.push(false)],
  // BININT, BININT1, BININT2, LONG1, LONG4, BINFLOAT
  [0x4a, (m) => m.push(m.int32())],
  [0x4b, (m) => m.push(m.uint(1))],
  [0x4d, (m) => m.push(m.uint(2))],
  [0x8a, (m) => m.push(m.integer(m.uint(1)))],
  [0x8b, (m) => m.push(m.integer(m.uint(4)))],
  [0x47, (m) => m.push(m.float64())],
  // SHORT_BINUNICODE, BINUNICODE, BINUNICODE8, SHORT_BINSTRING, BINSTRING
  [0x8c, (m) => m.push(m.text(m.uint(1)))],
  [0x58, (m) => m.push(m.text(m.uint(4)))],
  [0x8d, (m) => m.push(m.text(m.uint(8)))],
  [0x55, (m) => (m.made(1), m.push(latin1(m.take(m.uint(1)))))],
  [0x54, (m) => (m.made(1), m.push(latin1(m.take(m.uint(4)))))],
  // SHORT_BINBYTES, BINBYTES, BINBYTES8
  [0x43, blob((m) => m.uint(1))],
  [0x42, blob((m) => m.uint(4))],
  [0x8e, blob((m) => m.uint(8))],
  // EMPTY_TUPLE, TUPLE, TUPLE1, TUPLE2, TUPLE3
  [0x29, tuple(0)],
  [0x74, (m) => m.pushMade(m.popToMark())],
  [0x85, tuple(1)],
  [0x86, tuple(2)],
  [0x87, tuple(3)],
  // EMPTY_LIST, LIST, APPEND, APPENDS
  [0x5d, (m) => m.pushMade([])],
  [0x6c, (m) => m.pushMade(m.popToMark())],
  [0x61, (m) => ((item) => append(m, m.top(), [item]))(m.pop())],
  [0x65, (m) => ((items) => append(m, m.top(), items))(m.popToMark())],
  // EMPTY_DICT, DICT, SETITEM, SETITEMS
  [0x7d, (m) => m.pushMade(new Map())],
  [0x64, (m) => ((items) => (m.pushMade(new Map()), setItems(m, m.top(), items)))(m.popToMark())],
  [0x73, (m) => ((value, key) => setItems(m, m.top(), [key, value]))(m.pop(), m.pop())],
  [0x75, (m) => ((items) => setItems(m, m.top(), items))(m.popToMark())],
  // EMPTY_SET, ADDITEMS, FROZENSET
  [0x8f, (m) => m.pushMade(new Set())],
  [0x90, (m) => ((items) => addItems(m, m.top(), items))(m.popToMark())],
  [0x91, (m) => m.pushMade(new Set(m.popToMark()))],
  // BINPUT, LONG_BINPUT, MEMOIZE, BINGET, LONG_BINGET
  [0x71, (m) => m.remember(m.uint(1))],
  [0x72, (m) => m.remember(m.uint(4))],
  [0x94, (m) => m.rememberNext()],
  [0x68, (m) => m.recall(m.uint(1))],
  [0x6a, (m) => m.recall(m.uint(4))],
  // GLOBAL, STACK_GLOBAL
  [0x63, (m, where) => findGlobal(m, where, m.line(), m.line())],
  [0x93, (m, where) => ((name, module) => findGlobal(m, where, module, name))(m.pop(), m.pop())],
  // REDUCE, NEWOBJ, BUILD
  [0x52, reduce],
  [0x81, newObject],
  [0x62, build],
  // BINPERSID
  [0x51, (m) => m.pushStorage(storageOf(m.pop(), m.invalid))],
])

function addItems(machine: Machine, target: Value, items: Value[]): void {
  if (!(target instanceof Set)) throw machine.invalid('its pickle adds items to what is no set')
  for (const item of items) target.add(item)
}

function raise(error: Error): never {
  throw error
}
