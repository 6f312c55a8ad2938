import { isTacoError } from '@tacojs/errors'
import { ascii, uint32 } from './testing/torch-save.js'
import { unpickle } from './unpickle.js'

type Part = number | string | readonly number[]
const bytes = (...parts: readonly Part[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? ascii(part) : part)))
const refused = (code: string, message: RegExp): Error =>
  expect.objectContaining({ name: 'TacoError', code, message: expect.stringMatching(message) }) as unknown as Error

const proto = [0x80, 4]
const STOP = '.'
const short = (text: string): number[] => [0x8c, text.length, ...ascii(text)]

// the shapes of what has been published, and of what scanners of pickles test for
test.each<[string, Uint8Array, RegExp]>([
  ['GLOBAL and REDUCE', bytes('cposix\nsystem\n', 'U\x02id', '\x85R', STOP), /posix\.system/],
  ['the same on Windows', bytes('cnt\nsystem\n', 'U\x02id', '\x85R', STOP), /nt\.system/],
  ['STACK_GLOBAL', bytes(proto, short('builtins'), short('eval'), 0x93, short('1'), '\x85R', STOP), /builtins\.eval/],
  ['a dotted name', bytes(proto, short('os'), short('path.os.system'), 0x93, STOP), /os\.path\.os\.system/],
  [
    'names put together from the memo',
    bytes(proto, short('system'), 'q\x00', '0', short('posix'), 'h\x00', 0x93, STOP),
    /posix\.system/,
  ],
  ['INST', bytes('(', 'U\x02id', 'iposix\nsystem\n', STOP), /0x69 \(of posix\.system\)/],
  ['OBJ', bytes('(cos\nsystem\n', 'U\x02id', 'o', STOP), /os\.system/],
  ['NEWOBJ', bytes(proto, 'csubprocess\nPopen\n', 'U\x02id', 0x85, 0x81, STOP), /subprocess\.Popen/],
  ['NEWOBJ_EX', bytes(proto, 'csubprocess\nPopen\n', ')}', 0x92, STOP), /subprocess\.Popen/],
  ['BUILD of a module', bytes('cbuiltins\n__import__\n', 'U\x02os', '\x85R', '}b', STOP), /builtins\.__import__/],
  ['getattr', bytes('c__builtin__\ngetattr\n', STOP), /__builtin__\.getattr/],
  ['exec in a compiled function', bytes('cmarshal\nloads\n', STOP), /marshal\.loads/],
  ['a loader that unpickles again', bytes('ctorch\nload\n', STOP), /torch\.load/],
  ['torch.hub', bytes('ctorch.hub\nload\n', STOP), /torch\.hub\.load/],
  [
    'a relative of what is allowed',
    bytes('ctorch._utils\n_rebuild_tensor_v2.__globals__\n', STOP),
    /_rebuild_tensor_v2\.__globals__/,
  ],
  ['numpy', bytes('cnumpy.core.multiarray\n_reconstruct\n', STOP), /numpy\.core\.multiarray\._reconstruct/],
  ['a name in other letters', bytes('cpo\xa0six\nsystem\n', STOP), /po\?six\.system/],
  ['an extension registry', bytes(proto, 0x82, 1, STOP), /opcode 0x82/],
])('%s is refused by name and not run', (_, input, message) => {
  expect(() => unpickle(input, 'x')).toThrow(refused('UNSUPPORTED', message))
})

/** A persistent id of a storage. */
const storage = [...ascii('(U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuK\x01tQ')]

test('every opcode outside of the list is refused by its number', () => {
  const read = new Set(
    [0x80, 0x95, 0x28, 0x30, 0x31, 0x32, 0x4e, 0x88, 0x89, 0x4a, 0x4b, 0x4d, 0x8a, 0x8b, 0x47, 0x8c, 0x58, 0x8d, 0x55]
      .concat([0x54, 0x43, 0x42, 0x8e, 0x29, 0x74, 0x85, 0x86, 0x87, 0x5d, 0x6c, 0x61, 0x65, 0x7d, 0x64, 0x73, 0x75])
      .concat([0x8f, 0x90, 0x91, 0x71, 0x72, 0x94, 0x68, 0x6a, 0x63, 0x93, 0x52, 0x81, 0x62, 0x51, 0x2e]),
  )
  for (let code = 0; code < 256; code++) {
    if (read.has(code)) continue
    const number = `0x${code.toString(16).padStart(2, '0')}`
    expect(() => unpickle(bytes(code, 'a\nb\n', STOP), 'x')).toThrow(refused('UNSUPPORTED', new RegExp(number)))
  }
})

test.each<[string, Uint8Array, RegExp]>([
  ['nothing', bytes(), /ends inside of a value/],
  ['no end', bytes(proto, ']'), /ends inside/],
  ['an empty stack', bytes(STOP), /takes a value that is not there/],
  ['a mark as a value', bytes('(', STOP), /not there/],
  ['a container that was not begun', bytes('t', STOP), /not begun/],
  ['a text longer than the input', bytes('X', uint32(0xffffffff), 'a', STOP), /ends inside/],
  ['a text of 2^63 bytes', bytes(0x8d, [255, 255, 255, 255, 255, 255, 255, 127], STOP), /length of/],
  ['a frame longer than the input', bytes(proto, 0x95, [255, 0, 0, 0, 0, 0, 0, 0], 'N', STOP), /frame beyond/],
  ['an integer of 2^31 bytes', bytes(0x8b, uint32(0x7fffffff), STOP), /integer of 2147483647 bytes/],
  ['text that is not UTF-8', bytes(0x8c, 1, 0xff, STOP), /UTF-8/],
  ['a memo that was not kept', bytes('h\x07', STOP), /recalls value 7/],
  ['a protocol of the future', bytes(0x80, 9, 'N', STOP), /protocol above 5/],
  ['a name without an end', bytes('cposix', STOP), /name without an end/],
  ['a name that is a number', bytes(proto, 'K\x01K\x02', 0x93, STOP), /no text/],
  ['a call of a number', bytes('K\x01)R', STOP), /calls what is no function/],
  ['a call of a storage', bytes('ctorch\nFloatStorage\n)R', STOP), /calls torch\.FloatStorage/],
  ['a call of a namespace', bytes('cargparse\nNamespace\n)R', STOP), /calls argparse\.Namespace/],
  [
    'an object of a dict',
    bytes(proto, 'ccollections\nOrderedDict\n)', 0x81, STOP),
    /object of collections\.OrderedDict/,
  ],
  ['an object with arguments', bytes(proto, 'cargparse\nNamespace\nN', 0x85, 0x81, STOP), /object of argparse/],
  ['arguments that are no tuple', bytes('ccollections\nOrderedDict\nNR', STOP), /no tuple/],
  ['pairs that are none', bytes('ccollections\nOrderedDict\n(K\x01ttR', STOP), /not begun|pairs/],
  ['a tensor of nothing', bytes('ctorch._utils\n_rebuild_tensor_v2\n)R', STOP), /no storage/],
  ['a parameter of nothing', bytes('ctorch._utils\n_rebuild_parameter\n(Nt', 'R', STOP), /no tensor/],
  ['a persistent id of text', bytes('U\x01aQ', STOP), /no storage/],
  ['items for a list', bytes(']', 'K\x01K\x02s', STOP), /what is no dict/],
  ['half of an item', bytes('}(K\x01u', STOP), /what is no dict/],
  ['appending to a dict', bytes('}K\x01a', STOP), /what is no list/],
  ['adding to a list', bytes(proto, '](K\x01', 0x90, STOP), /what is no set/],
  ['a state for a list', bytes(']}b', STOP), /state to what has none/],
  ['a state for a name', bytes('ctorch._utils\n_rebuild_tensor_v2\n}b', STOP), /state to what has none/],
  ['a state that is a tuple', bytes('ccollections\nOrderedDict\n)R(}}tb', STOP), /state to what has none/],
])('refused in one line: %s', (_, input, message) => {
  expect(() => unpickle(input, 'x')).toThrow(refused('INVALID_DATA', message))
})

describe('small inputs stay small', () => {
  const repeat = (part: readonly number[], times: number): number[] => Array.from({ length: times }, () => part).flat()

  test('a million containers', () => {
    expect(() => unpickle(bytes(repeat([0x7d, 0x30], 300_000), 'N', STOP), 'x')).toThrow(
      refused('INVALID_DATA', /makes more values/),
    )
  })

  test('a million kept values', () => {
    expect(() => unpickle(bytes('N', repeat([0x94], 1_100_000), STOP), 'x')).toThrow(
      refused('INVALID_DATA', /makes more values/),
    )
  })

  test('a pile of values', () => {
    expect(() => unpickle(bytes(repeat([0x4e], 1_100_000), STOP), 'x')).toThrow(
      refused('INVALID_DATA', /piles up more values/),
    )
  })

  test('lists within lists, a hundred thousand deep, and one that holds itself', () => {
    const deep = unpickle(bytes(repeat([0x5d], 100_000), repeat([0x61], 99_999), STOP), 'x')
    expect(deep.value).toHaveLength(1)
    const own = unpickle(bytes(']q\x00h\x00a', STOP), 'x').value as unknown[]
    expect(own[0]).toBe(own)
  })

  test('a long list that is named many times', () => {
    // [[1, 2], [1, 2], …] kept, then a dict made of it again and again
    const pairs = [...ascii(']q\x00(K\x01K\x02\x86q\x01'), ...repeat([0x68, 1], 200_000), ...ascii('e0')]
    const again = [...ascii('ccollections\nOrderedDict\nh\x00'), 0x85, ...ascii('R0')]
    expect(() => unpickle(bytes(pairs, repeat(again, 10_000), 'N', STOP), 'x')).toThrow(
      refused('INVALID_DATA', /makes more values/),
    )
    const shape = [
      ...ascii('ctorch._utils\n_rebuild_tensor_v2\n'),
      ...ascii('('),
      ...storage,
      ...ascii('K\x00h\x00h\x00tR'),
    ]
    expect(() => unpickle(bytes(pairs, shape, STOP), 'x')).toThrow(refused('INVALID_DATA', /200001 axes/))
  })

  test('a doubling in each step is never unfolded', () => {
    const step = [0x71, 0, 0x68, 0, 0x86] // keep it, recall it, a pair of both
    expect(unpickle(bytes('N', repeat(step, 10_000), STOP), 'x').value).toHaveLength(2)
  })
})

test('names of prototypes are names like any other', () => {
  const { value } = unpickle(bytes('}(', 'U\x09__proto__', '}', 'U\x0bconstructor', 'K\x01', 'u', STOP), 'x')
  expect([...(value as Map<unknown, unknown>).keys()]).toEqual(['__proto__', 'constructor'])
  expect(Object.keys(Object.prototype)).toEqual([])
  expect(() => unpickle(bytes('c__proto__\nconstructor\n', STOP), 'x')).toThrow(/__proto__\.constructor/)
})

test('plain values', () => {
  const read = (...parts: readonly Part[]): unknown => unpickle(bytes(...parts, STOP), 'x').value
  expect(read('J', [0xfe, 0xff, 0xff, 0xff])).toBe(-2)
  expect(read('M', [1, 2])).toBe(513)
  expect(read(0x8a, 0)).toBe(0)
  expect(read(0x8a, [2, 0, 0x80])).toBe(-32768)
  expect(read(0x8a, [9, 0, 0, 0, 0, 0, 0, 0, 0, 1])).toBe(2n ** 64n)
  expect(read('G', [0x3f, 0xf8, 0, 0, 0, 0, 0, 0])).toBe(1.5)
  expect(read('T', uint32(2), 'ab')).toBe('ab')
  expect(read('C', 2, [1, 255])).toEqual(Uint8Array.of(1, 255))
  expect(read('(K\x01K\x02d')).toEqual(new Map([[1, 2]]))
  expect(read('(K\x01K\x02l')).toEqual([1, 2])
  expect(read(0x8f, '(K\x01', 0x90)).toEqual(new Set([1]))
  expect(read('(K\x01', 0x91)).toEqual(new Set([1]))
  expect(read('N', 0x88, 0x89, 0x87)).toEqual([undefined, true, false])
  expect(read('(K\x01K\x021N')).toBeUndefined()
  expect(read('K\x012', 0x86)).toEqual([1, 1])
})

test('every prefix of a pickle is refused', () => {
  const whole = bytes(proto, 'ccollections\nOrderedDict\n)R(', short('a'), 'ctorch\nfloat32\nuq\x00.')
  expect(unpickle(whole, 'x').end).toBe(whole.length)
  for (let end = 0; end < whole.length; end++) {
    const failure = (() => {
      try {
        return unpickle(whole.subarray(0, end), 'x')
      } catch (error) {
        return error
      }
    })()
    expect(isTacoError(failure)).toBe(true)
  }
})
