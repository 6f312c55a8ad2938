import type { Tensor } from '@tacojs/graph'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeSafetensors, readSafetensors, readStateDict } from '../index.js'
import type { StoredType } from '../stored-type.js'
import { python, readsLikePython, savesLikeTorch } from './testing/python.js'
import {
  floats,
  Namespace,
  SavedTensor,
  Storage,
  torchSave,
  torchSaveLegacy,
  type Saveable,
} from './testing/torch-save.js'

const entries = (tensors: ReadonlyMap<string, Tensor>): unknown[] =>
  [...tensors].map(([name, { dtype, shape, data }]) => [name, dtype, [...shape], [...data]])
const dict = (...items: readonly (readonly [Saveable, Saveable])[]): Map<Saveable, Saveable> => new Map(items)
const bytesOf = (data: { readonly buffer: ArrayBufferLike }): Uint8Array => new Uint8Array(data.buffer as ArrayBuffer)
const shared = new Storage('float32', bytesOf(Float32Array.from({ length: 24 }, (_, i) => i)), 24)
const refused = (code: string, message: RegExp): object => ({
  name: 'TacoError',
  code,
  message: expect.stringMatching(message),
})

const writers: [string, (value: Saveable) => Uint8Array][] = [
  ['zip', torchSave],
  ['zip64', (value) => torchSave(value, { zip64: true })],
  [
    'a zip with a comment',
    (value) => torchSave(value, { comment: 'PK\x05\x06 and more, which is longer than a record is' }),
  ],
  ['the format before zip', torchSaveLegacy],
]

describe.each(writers)('%s', (_, save) => {
  test('views of a storage, by their offset and strides', async () => {
    const value = dict(
      ['whole', new SavedTensor(shared, [4, 6])],
      ['transposed', new SavedTensor(shared, [3, 2], [1, 12], 1, true)],
      ['every other', new SavedTensor(shared, [2, 3], [12, 2], 3)],
      ['repeated', new SavedTensor(shared, [2, 2], [0, 1], 22)],
      ['scalar', new SavedTensor(shared, [], [], 23)],
      ['one', new SavedTensor(shared, [1, 1, 2], [99, 7, 1], 4)],
      ['none', new SavedTensor(shared, [0, 5])],
    )
    expect(entries(await readStateDict(save(value)))).toEqual([
      ['whole', 'float32', [4, 6], Array.from({ length: 24 }, (_, i) => i)],
      ['transposed', 'float32', [3, 2], [1, 13, 2, 14, 3, 15]],
      ['every other', 'float32', [2, 3], [3, 5, 7, 15, 17, 19]],
      ['repeated', 'float32', [2, 2], [22, 23, 22, 23]],
      ['scalar', 'float32', [], [23]],
      ['one', 'float32', [1, 1, 2], [4, 5]],
      ['none', 'float32', [0, 5], []],
    ])
  })

  test('every type of element', async () => {
    const typed: [string, StoredType, { readonly buffer: ArrayBufferLike }][] = [
      ['d', 'float64', Float64Array.of(1.5, -2)],
      ['h', 'float16', Uint16Array.of(0x3800, 0xc400)],
      ['b', 'bfloat16', Uint16Array.of(0x3f80, 0xc040)],
      ['l', 'int64', BigInt64Array.of(-1n, 2n ** 40n)],
      ['i', 'int32', Int32Array.of(-5, 6)],
      ['s', 'int16', Int16Array.of(-7, 8)],
      ['c', 'int8', Int8Array.of(-9, 10)],
      ['u', 'uint8', Uint8Array.of(11, 250)],
      ['t', 'bool', Uint8Array.of(1, 0)],
    ]
    const value = dict(
      ...typed.map(([name, type, data]) => [name, new SavedTensor(new Storage(type, bytesOf(data), 2), [2])] as const),
    )
    expect(entries(await readStateDict(save(value)))).toEqual([
      ['d', 'float64', [2], [1.5, -2]],
      ['h', 'float32', [2], [0.5, -4]],
      ['b', 'float32', [2], [1, -3]],
      ['l', 'int64', [2], [-1n, 2n ** 40n]],
      ['i', 'int32', [2], [-5, 6]],
      ['s', 'int16', [2], [-7, 8]],
      ['c', 'int8', [2], [-9, 10]],
      ['u', 'uint8', [2], [11, 250]],
      ['t', 'bool', [2], [1, 0]],
    ])
  })

  const [one, two] = [floats([1], [1]), floats([1], [2])]
  test.each<[string, Saveable, string, number]>([
    ['a state dict', dict(['w', one]), 'w', 1],
    ['state_dict', dict(['epoch', 3], ['state_dict', dict(['w', one])], ['optimizer', dict(['w', two])]), 'w', 1],
    ['model', dict(['model', dict(['w', one])]), 'w', 1],
    [
      'the averaged weights first',
      dict(['state_dict', dict(['w', one])], ['state_dict_ema', dict(['w', two])]),
      'w',
      2,
    ],
    ['unless there are none', dict(['state_dict_ema', undefined], ['state_dict', dict(['w', one])]), 'w', 1],
    ['model_ema', dict(['model', dict(['w', one])], ['model_ema', dict(['w', two])]), 'w', 2],
    ['a module that is called model', dict(['model', one]), 'model', 1],
    ['wrappers of a module', dict(['module._orig_mod.a.w', one]), 'a.w', 1],
    [
      'arguments of the run beside it',
      dict(['args', new Namespace(new Map<string, Saveable>([['lr', 0.1]]))], ['state_dict', dict(['w', one])]),
      'w',
      1,
    ],
  ])('%s', async (_, value, name, expected) => {
    expect(entries(await readStateDict(save(value)))).toEqual([[name, 'float32', [1], [expected]]])
  })

  test.each<[string, Saveable, RegExp]>([
    ['a list', [one], /what was saved is no dict/],
    ['a number', 7, /no dict/],
    ['a number among weights', dict(['w', one], ['epoch', 3]), /'epoch' is no tensor/],
    ['a name that is no text', dict([3, one]), /a name that is no text/],
    ['a name twice', dict(['w', one], ['module.w', two]), /'w' is there twice/],
    ['a view that begins outside', dict(['w', new SavedTensor(shared, [1], [1], 24)]), /element 24 of a storage of 24/],
    ['a view that ends outside', dict(['w', new SavedTensor(shared, [5, 6])]), /element 29/],
    ['a stride that leads outside', dict(['w', new SavedTensor(shared, [2], [2 ** 40])]), /element 1099511627776/],
    ['sizes that overflow', dict(['w', new SavedTensor(shared, [2 ** 40, 2 ** 40], [0, 0])]), /more than 2\^53/],
    ['a negative size', dict(['w', new SavedTensor(shared, [-1])]), /whole numbers/],
    ['too many axes', dict(['w', new SavedTensor(shared, Array<number>(9).fill(1))]), /9 axes/],
    ['a small storage repeated to a large tensor', dict(['w', new SavedTensor(shared, [2 ** 30], [0])]), /more memory/],
  ])('refused: %s', async (_, value, message) => {
    await expect(readStateDict(save(value))).rejects.toMatchObject(refused('INVALID_DATA', message))
  })
})

test('elements of a storage that knows no type', async () => {
  const storage = new Storage('bytes', bytesOf(Uint16Array.of(1, 65535, 7)), 6)
  const value = dict(['w', new SavedTensor(storage, [2], [1], 1, false, 'uint16')])
  expect(entries(await readStateDict(torchSave(value)))).toEqual([['w', 'uint16', [2], [65535, 7]]])
})

test('a file is as its bytes are; what is missing is named', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pickle-'))
  try {
    const bytes = torchSave(dict(['w', floats([2], [1, 2])]))
    const file = join(folder, 'model.pth')
    writeFileSync(file, bytes)
    expect(await readStateDict(file)).toEqual(await readStateDict(bytes))
    await expect(readStateDict(join(folder, 'none.pth'))).rejects.toMatchObject(refused('NOT_FOUND', /none\.pth/))
    writeFileSync(file, encodeSafetensors(await readStateDict(bytes)))
    await expect(readStateDict(file)).rejects.toMatchObject(
      refused('INVALID_DATA', /model\.pth' is no file of torch\.save/),
    )
    expect((await readSafetensors(file)).tensors).toEqual(await readStateDict(bytes))
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.each([2, 4, 5])("what Python's own pickler writes at protocol %i is read, in both formats", async (protocol) => {
  const folder = mkdtempSync(join(tmpdir(), 'pickle-'))
  try {
    if (python(savesLikeTorch, folder, String(protocol)) === undefined)
      return console.info('python3 is not here: skipped')
    for (const name of ['zip.pt', 'legacy.pt']) {
      expect(entries(await readStateDict(join(folder, name)))).toEqual([
        ['weight', 'float32', [2, 3], [2, 10, 18, 3, 11, 19]],
        ['bias', 'float32', [4], [20, 21, 22, 23]],
        ['Double', 'float64', [2], [1.5, -2]],
        ['Half', 'float32', [2], [0.5, -4]],
        ['BFloat16', 'float32', [2], [1, -3]],
        ['Long', 'int64', [2], [-1n, 2n ** 40n]],
        ['Int', 'int32', [2], [-5, 6]],
        ['Short', 'int16', [2], [-7, 8]],
        ['Char', 'int8', [2], [-9, 10]],
        ['Byte', 'uint8', [2], [11, 250]],
        ['Bool', 'bool', [2], [1, 0]],
        ['scalar', 'int64', [], [7n]],
        ['none', 'float32', [0, 3], []],
      ])
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.each([false, true])('what the tests write is sound to Python (zip64: %s)', (zip64) => {
  const folder = mkdtempSync(join(tmpdir(), 'pickle-'))
  try {
    const file = join(folder, 'x.pt')
    writeFileSync(
      file,
      torchSave(dict(['w', floats([2], [1, 2])], ['p', new SavedTensor(shared, [2], [1], 0, true)]), { zip64 }),
    )
    const printed = python(readsLikePython, file)
    if (printed === undefined) return console.info('python3 is not here: skipped')
    expect(JSON.parse(printed)).toEqual(
      ['data.pkl', 'byteorder', 'data/0', 'data/1', 'version', '.data/serialization_id'].map(
        (name) => `archive/${name}`,
      ),
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})
