import { readStateDict } from '../index.js'
import { crc32 } from './crc32.js'
import { ascii, floats, torchSave } from './testing/torch-save.js'
import { writeZip, type ZipHeader, type ZipOptions } from './testing/write-zip.js'

const refused = (code: string, message: RegExp): object => ({
  name: 'TacoError',
  code,
  message: expect.stringMatching(message),
})
const value = new Map([
  ['a', floats([2], [1, 2])],
  ['b', floats([3], [3, 4, 5])],
])
/** A state dict in an archive whose entry `name` is described otherwise. */
const altered = (name: string, alter: (entry: ZipHeader) => void, options: ZipOptions = {}): Uint8Array =>
  torchSave(value, { ...options, alter: (entry) => void (entry.name === `archive/${name}` && alter(entry)) })

test('CRC-32 as it is defined, in parts too', () => {
  expect(crc32(Uint8Array.from(ascii('123456789')))).toBe(0xcbf43926)
  const bytes = Uint8Array.from({ length: 1003 }, (_, i) => i * 7)
  for (const at of [0, 1, 5, 1003]) expect(crc32(bytes.subarray(at), crc32(bytes.subarray(0, at)))).toBe(crc32(bytes))
})

describe.each([false, true])('zip64: %s', (zip64) => {
  test.each<[string, string, (entry: ZipHeader) => void, string, RegExp]>([
    ['compression', 'data/0', (e) => (e.method = 8), 'UNSUPPORTED', /'archive\/data\/0' is compressed/],
    ['encryption', 'data/0', (e) => (e.flags = 1), 'UNSUPPORTED', /'archive\/data\/0' is encrypted/],
    [
      'a checksum of the pickle',
      'data.pkl',
      (e) => (e.crc ^= 1),
      'INVALID_DATA',
      /'archive\/data\.pkl' has another checksum/,
    ],
    [
      'a checksum of a storage',
      'data/1',
      (e) => (e.crc ^= 1),
      'INVALID_DATA',
      /'archive\/data\/1' has another checksum/,
    ],
    ['an entry on top of another', 'data/1', (e) => (e.at -= 64), 'INVALID_DATA', /not where|overlap|reaches into/],
    ['an entry beyond the end', 'data/1', (e) => (e.at = 0x7fffffff), 'INVALID_DATA', /reaches into/],
    ['a size beyond the end', 'data/1', (e) => (e.size = e.packed = 0x7fffffff), 'INVALID_DATA', /reaches into/],
    ['two sizes', 'data/1', (e) => (e.packed = 3), 'INVALID_DATA', /in 3 bytes instead of 12/],
    ['a storage cut off', 'data/1', (e) => (e.size = e.packed = 8), 'INVALID_DATA', /data\/1' has 8 bytes of 12/],
    [
      'another name of its own',
      'data/1',
      (e) => (e.ownName = 'archive/data/2'),
      'INVALID_DATA',
      /another name in its own header/,
    ],
  ])('refused: %s', async (_, name, alter, code, message) => {
    await expect(readStateDict(altered(name, alter, { zip64 }))).rejects.toMatchObject(refused(code, message))
  })

  test('entries that share their bytes', async () => {
    let first = 0
    const bytes = torchSave(value, {
      zip64,
      alter: (entry) => {
        if (entry.name === 'archive/data/0') first = entry.at
        if (entry.name === 'archive/data/1') entry.at = first
      },
    })
    await expect(readStateDict(bytes)).rejects.toMatchObject(refused('INVALID_DATA', /reaches into/))
  })
})

const files = (...names: string[]): [string, Uint8Array][] => names.map((name) => [name, Uint8Array.of(0x4e, 0x2e)])

test.each<[string, Uint8Array, string, RegExp]>([
  ['no pickle', writeZip(files('a/b', 'data.pkl')), 'INVALID_DATA', /none of torch\.save/],
  ['two pickles', writeZip(files('a/data.pkl', 'b/data.pkl')), 'INVALID_DATA', /none of torch\.save/],
  ['a name twice', writeZip(files('a/data.pkl', 'a/x', 'a/x')), 'INVALID_DATA', /'a\/x' is there twice/],
  ['a program', writeZip(files('a/data.pkl', 'a/constants.pkl')), 'UNSUPPORTED', /TorchScript/],
  [
    'another byte order',
    writeZip([...files('a/data.pkl'), ['a/byteorder', Uint8Array.from(ascii('big'))]]),
    'UNSUPPORTED',
    /byte order/,
  ],
  ['bytes before a comment', Uint8Array.from([...writeZip(files('a/data.pkl')), 1]), 'INVALID_DATA', /no end record/],
])('refused: %s', async (_, bytes, code, message) => {
  await expect(readStateDict(bytes)).rejects.toMatchObject(refused(code, message))
})

test('every beginning of an archive is refused', async () => {
  const bytes = torchSave(new Map([['a', floats([1], [1])]]), { zip64: true })
  for (let end = 0; end < bytes.length; end++) {
    await expect(readStateDict(bytes.subarray(0, end))).rejects.toMatchObject({
      name: 'TacoError',
      code: 'INVALID_DATA',
    })
  }
})
