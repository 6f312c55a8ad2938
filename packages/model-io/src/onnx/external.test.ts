import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { externalDataOf } from './external.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'external-'))
  mkdirSync(join(folder, 'model', 'sub'), { recursive: true })
  for (const at of ['secret', 'model/a', 'model/sub/b']) writeFileSync(join(folder, at), Uint8Array.of(1, 2, 3, 4))
  symlinkSync(join(folder, 'secret'), join(folder, 'model', 'out'))
  symlinkSync(folder, join(folder, 'model', 'up'))
  symlinkSync('a', join(folder, 'model', 'alias'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('files in the folder and below, also through links that stay inside', () => {
  const load = externalDataOf(join(folder, 'model', 'm.onnx'))
  expect([...load('a', 1, 2, 'w')]).toEqual([2, 3])
  expect([...load('sub/b', 0, 4, 'w')]).toEqual([1, 2, 3, 4])
  expect([...load('./alias', 4, 0, 'w')]).toEqual([])
})

test.each([
  ['out', 'INVALID_MODEL'],
  ['up/secret', 'INVALID_MODEL'],
  ['../secret', 'INVALID_MODEL'],
  ['sub/../../secret', 'INVALID_MODEL'],
  ['/etc/hostname', 'INVALID_MODEL'],
  ['..\\secret', 'INVALID_MODEL'],
  ['C:secret', 'INVALID_MODEL'],
  ['http://host/w', 'INVALID_MODEL'],
  ['a\0', 'INVALID_MODEL'],
  ['sub', 'INVALID_MODEL'],
  ['%2e%2e/secret', 'NOT_FOUND'],
  ['nothing', 'NOT_FOUND'],
])('refused: %j', (location, code) => {
  const load = externalDataOf(join(folder, 'model', 'm.onnx'))
  expect(() => load(location, 0, 4, 'weight "w"')).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining('weight "w"') }),
  )
})

test('bytes beyond the end are refused before they are allocated', () => {
  const load = externalDataOf(join(folder, 'model', 'm.onnx'))
  expect(() => load('a', 0, 2 ** 40, 'w')).toThrow(expect.objectContaining({ code: 'INVALID_MODEL' }))
  expect(() => load('a', 2, 3, 'w')).toThrow(expect.objectContaining({ code: 'INVALID_MODEL' }))
})
