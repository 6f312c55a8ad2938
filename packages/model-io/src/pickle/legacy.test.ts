import { readStateDict } from '../index.js'
import { floats, torchSaveLegacy } from './testing/torch-save.js'

const bytes = torchSaveLegacy(new Map([['w', floats([2], [1, 2])]]))
const changed = (at: number, value: number): Uint8Array => bytes.with(at, value)
/** Where the storage's count of elements begins. */
const storage = bytes.length - 16

test.each<[string, Uint8Array, string, RegExp]>([
  ['another pickle', Uint8Array.of(0x80, 2, 0x4b, 7, 0x2e), 'INVALID_DATA', /does not begin as one/],
  ['another version', changed(18, 0xea), 'INVALID_DATA', /another version than 1001/],
  ['another count of elements', changed(storage, 3), 'INVALID_DATA', /3 elements instead of 2/],
  ['a negative count', changed(storage + 7, 0x80), 'INVALID_DATA', /elements instead of 2/],
  ['no storage', bytes.subarray(0, storage), 'INVALID_DATA', /ends before its storages/],
  ['half a storage', bytes.subarray(0, storage + 12), 'INVALID_DATA', /ends before its storages/],
])('refused: %s', async (_, input, code, message) => {
  await expect(readStateDict(input)).rejects.toMatchObject({
    name: 'TacoError',
    code,
    message: expect.stringMatching(message),
  })
})

test('every beginning of a file is refused', async () => {
  for (let end = 0; end < bytes.length; end++) {
    await expect(readStateDict(bytes.subarray(0, end))).rejects.toMatchObject({
      name: 'TacoError',
      code: 'INVALID_DATA',
    })
  }
})
