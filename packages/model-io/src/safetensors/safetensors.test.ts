import { float32, fromNumbers, int64, tensor, type DType, type Tensor } from '@tacojs/graph'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeSafetensors, encodeSafetensors, readSafetensors, writeSafetensors } from '../index.js'

const types: DType[] = [
  'float32',
  'float64',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
]

function file(header: string | object, data = 0, stated?: number): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const out = new Uint8Array(8 + text.length + data)
  new DataView(out.buffer).setBigUint64(0, BigInt(stated ?? text.length), true)
  out.set(text, 8)
  return out
}

const f32 = (shape: unknown, data_offsets: unknown) => ({ dtype: 'F32', shape, data_offsets })

test('every data type survives a round trip, with names as strange as they come', () => {
  const tensors = new Map<string, Tensor>(types.map((t) => [t, fromNumbers(t, [3], [0, 1, 1])]))
  tensors.set('__proto__', float32([2], [NaN, -0]))
  tensors.set('', int64([], [-5]))
  tensors.set('é"\\\n', tensor('float32', [0, 4], new Float32Array()))
  const metadata = new Map([
    ['__proto__', 'x'],
    ['format', 'pt'],
  ])
  const bytes = encodeSafetensors(tensors, metadata)
  const back = decodeSafetensors(bytes)
  expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0)
  expect(new Map([...back.tensors].sort())).toEqual(new Map([...tensors].sort()))
  expect(back.metadata).toEqual(metadata)
  expect(encodeSafetensors(new Map([...tensors].reverse()), metadata)).toEqual(bytes)
  expect(decodeSafetensors(encodeSafetensors(new Map()))).toEqual({ tensors: new Map(), metadata: new Map() })
})

test('16-bit floats are widened, at any alignment', () => {
  const header = {
    odd: { dtype: 'U8', shape: [1], data_offsets: [0, 1] },
    half: { dtype: 'F16', shape: [1], data_offsets: [1, 3] },
    brain: { dtype: 'BF16', shape: [1], data_offsets: [3, 5] },
  }
  const bytes = file(header, 5)
  bytes.set([7, 0x00, 0x3e, 0xc0, 0x3f], bytes.length - 5)
  const { tensors } = decodeSafetensors(bytes)
  expect(tensors.get('half')).toEqual(float32([1], [1.5]))
  expect(tensors.get('brain')).toEqual(float32([1], [1.5]))
})

const faults: Record<string, [Uint8Array, RegExp]> = {
  'no bytes': [new Uint8Array(), /0 bytes/],
  'header beyond the file': [file('{}', 0, 3), /more than the file/],
  'header beyond the limit': [file('{}', 0, 25_000_001), /at most/],
  'header of 2^64 - 1 bytes': [new Uint8Array(16).fill(255), /at most/],
  'not JSON': [file('{"a"'), /not JSON/],
  'not an object': [file('[]'), /not a JSON object/],
  'not UTF-8': [
    (() => {
      const b = file('{"a":1}')
      b[10] = 255
      return b
    })(),
    /UTF-8/,
  ],
  'a name twice': [
    file(
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\\u0061" : {"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
      1,
    ),
    /"a" twice/,
  ],
  'a field twice': [file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"dtype":"I8"}}', 1), /"dtype" twice/],
  'metadata with a name twice': [file('{"__metadata__":{"x":"1","x":"2"}}'), /"x" twice/],
  'a gap': [file({ a: f32([1], [4, 8]) }, 8), /gap/],
  'an overlap': [file({ a: f32([2], [0, 8]), b: f32([1], [4, 8]) }, 8), /overlap/],
  'trailing bytes': [file({ a: f32([1], [0, 4]) }, 5), /holds 5/],
  'data missing': [file({ a: f32([2], [0, 8]) }, 4), /holds 4/],
  'offsets that do not fit the shape': [file({ a: f32([3], [0, 8]) }, 8), /needs 12/],
  'offsets in descending order': [file({ a: f32([0], [4, 0]) }, 0), /ascending/],
  'negative dimension': [file({ a: f32([-1, -1], [0, 4]) }, 4), /whole numbers/],
  'a product that overflows': [file({ a: f32([2 ** 32, 2 ** 32], [0, 0]) }, 0), /2\^53/],
  'a product that overflows before it is nothing': [file({ a: f32([2 ** 52, 2 ** 52, 0], [0, 0]) }, 0), /2\^53/],
  'nine dimensions': [file({ a: f32(new Array(9).fill(1), [0, 4]) }, 4), /at most 8/],
  'shape is no list': [file({ a: f32('4', [0, 4]) }, 4), /no shape/],
  'null entry': [file({ a: null }), /no dtype/],
  'metadata that is no string': [file({ __metadata__: { a: 1 } }), /metadata/],
  'an unknown data type': [file({ a: { dtype: 'F8_E4M3', shape: [1], data_offsets: [0, 1] } }, 1), /F8_E4M3/],
}

test.each(Object.entries(faults))('refused: %s', (_, [bytes, message]) => {
  expect(() => decodeSafetensors(bytes)).toThrow(
    expect.objectContaining({ name: 'TacoError', message: expect.stringMatching(message) }),
  )
})

test('files are written whole, and a folder that does not exist is an IO error', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'safetensors-'))
  try {
    const tensors = new Map([['w', float32([2], [1, 2])]])
    await writeSafetensors(join(folder, 'w.safetensors'), tensors)
    await writeSafetensors(join(folder, 'w.safetensors'), tensors)
    expect(readdirSync(folder)).toEqual(['w.safetensors'])
    expect((await readSafetensors(join(folder, 'w.safetensors'))).tensors).toEqual(tensors)
    await expect(writeSafetensors(join(folder, 'no', 'w'), tensors)).rejects.toMatchObject({ code: 'IO' })
    await expect(readSafetensors(join(folder, 'no'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.each(Object.entries(faults))(
  'a file is refused as its bytes are, by its name: %s',
  async (_, [bytes, message]) => {
    const folder = mkdtempSync(join(tmpdir(), 'safetensors-'))
    try {
      const path = join(folder, 'w.safetensors')
      writeFileSync(path, bytes)
      const refused = await readSafetensors(path).catch((error: Error) => error)
      expect(refused).toMatchObject({ name: 'TacoError', message: expect.stringMatching(message) })
      expect((refused as Error).message).toContain(path)
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
)

test('a file is read as its bytes are, also in pieces at odd places', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'safetensors-'))
  try {
    const path = join(folder, 'w.safetensors')
    const header = {
      __metadata__: { format: 'pt' },
      odd: { dtype: 'U8', shape: [3], data_offsets: [0, 3] },
      half: { dtype: 'F16', shape: [2], data_offsets: [3, 7] },
      none: { dtype: 'F32', shape: [0], data_offsets: [7, 7] },
      big: { dtype: 'F64', shape: [1], data_offsets: [7, 15] },
    }
    const bytes = file(header, 15)
    bytes.set([1, 2, 3, 0x00, 0x3e, 0x00, 0xbc, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f], bytes.length - 15)
    writeFileSync(path, bytes)
    const read = await readSafetensors(path)
    expect(read).toEqual(decodeSafetensors(bytes))
    expect(read.tensors.get('half')).toEqual(float32([2], [1.5, -1]))
    expect(read.tensors.get('big')?.data).toEqual(Float64Array.of(1.5))
    await expect(readSafetensors(folder)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('files of the reference implementation', async () => {
  const path = fileURLToPath(
    new URL('../../../../../shared/data/timm-fixtures/resnet18/model.safetensors', import.meta.url),
  )
  if (!existsSync(path)) return console.info('timm fixtures are not here: skipped')
  const { tensors } = await readSafetensors(path)
  expect(tensors.get('bn1.num_batches_tracked')?.dtype).toBe('int64')
  expect(decodeSafetensors(encodeSafetensors(tensors)).tensors.size).toBe(tensors.size)
  expect(readFileSync(path).length).toBeGreaterThan(0)
})
