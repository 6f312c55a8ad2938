import { float32, fromNumbers, int64, type DType, type Initializer } from '@tacojs/graph'
import { inflateRawSync } from 'node:zlib'
import { fromHalfBits, toHalfBits } from '../float16.js'
import { sha256 } from '../sha256.js'
import { decodeWeights } from './decode.js'
import { deflate } from './deflate/deflate.js'
import { encodeWeights } from './encode.js'
import type { WeightEntry } from './header.js'
import { dequantize, quantize } from './quantize.js'
import { decodePositions, encodePositions } from './positions.js'

/** Every k-th element of `size` is not zero. */
const every = (k: number, size: number) => Float32Array.from({ length: size }, (_, i) => (i % k === k - 1 ? i / 7 : 0))

function headerText(bytes: Uint8Array): string {
  const length = new DataView(bytes.buffer).getUint32(8, true)
  return new TextDecoder().decode(inflateRawSync(bytes.subarray(48, 48 + length)))
}

const headerOf = (bytes: Uint8Array) => (JSON.parse(headerText(bytes)) as { tensors: WeightEntry[] }).tensors

/** With another header text, and lengths and a checksum that fit. */
function rewritten(bytes: Uint8Array, change: (text: string) => string): Uint8Array {
  const length = new DataView(bytes.buffer).getUint32(8, true)
  const text = new TextEncoder().encode(change(headerText(bytes)))
  const header = deflate([text])
  const out = Uint8Array.from([...bytes.subarray(0, 48), ...header, ...bytes.subarray(48 + length)])
  const view = new DataView(out.buffer)
  view.setUint32(8, header.length, true)
  view.setUint32(12, text.length, true)
  const hash = sha256(out.subarray(48))
  for (let i = 0; i < 32; i++) out[16 + i] = parseInt(hash.slice(2 * i, 2 * i + 2), 16)
  return out
}

test('each tensor takes the smallest coding, and comes back bit by bit', () => {
  const weights = new Map<string, Initializer>([
    [
      'full',
      {
        tensor: float32(
          [9],
          Float32Array.from({ length: 9 }, (_, i) => i + 1),
        ),
      },
    ],
    ['half', { tensor: float32([50, 20], every(2, 1000)), sparsity: { pattern: '1:2', nonzeros: 500 } }],
    ['few', { tensor: float32([10, 100], every(200, 1000)) }],
    ['none', { tensor: float32([100], new Float32Array(100)) }],
    ['odd', { tensor: float32([4, 2], [-0, NaN, Infinity, 0, 0, 0, 0, 1e-45]) }],
    ['empty', { tensor: float32([0, 3], []) }],
    ['__proto__', { tensor: float32([], [3]) }],
  ])
  for (const t of [
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
  ] as DType[]) {
    weights.set(t, { tensor: fromNumbers(t, [3], [0, 1, 1]) })
  }
  const bytes = encodeWeights(weights)
  expect(Object.fromEntries(headerOf(bytes).map((t) => [t.name, `${t.coding} ${t.stored}`]))).toMatchObject({
    full: 'dense 9',
    half: 'bitmask 500',
    few: 'delta 5',
    none: 'delta 0',
    odd: 'bitmask 4',
  })
  const back = decodeWeights(bytes)
  expect(back).toEqual(weights)
  expect(Object.is(back.get('odd')!.tensor.data[0], -0)).toBe(true)
  expect(encodeWeights(back)).toEqual(bytes)
  expect(decodeWeights(encodeWeights(new Map()))).toEqual(new Map())
})

test('at 90 % sparsity the file is well below a fifth of the dense one', () => {
  const bytes = encodeWeights(new Map([['w', { tensor: float32([100, 1000], every(10, 100_000)) }]]))
  expect(bytes.length).toBeLessThan(0.13 * 400_000)
})

test('every flipped byte, every cut and every wrong header is refused', () => {
  const bytes = encodeWeights(new Map([['w', { tensor: float32([10, 10], every(7, 100)) }]]))
  const refused = (damaged: Uint8Array) =>
    expect(() => decodeWeights(damaged)).toThrow(expect.objectContaining({ name: 'TacoError' }))
  for (let i = 0; i < bytes.length; i++) {
    refused(bytes.map((b, at) => (at === i ? b ^ 1 : b)))
    refused(bytes.subarray(0, i))
  }
  const wrong: [string, string][] = [
    ['"stored":14', '"stored":13'],
    ['"shape":[10,10]', '"shape":[10,99]'],
    ['"shape":[10,10]', '"shape":[1,13]'],
    ['"length":13', '"length":14'],
    ['"length":13', '"length":12'],
    ['"length":13', '"length":13,"inflated":14'],
    ['"coding"', '"as":"float16","coding"'],
    ['"coding"', '"as":"int8","axis":0,"coding"'],
    ['"coding"', '"as":"int8","axis":2,"coding"'],
    ['"coding"', '"as":"int8","coding"'],
    ['"coding"', '"as":"x","coding"'],
    ['"float32"', '"float99"'],
    ['"float32"', '"int32"'],
    ['"bitmask"', '"delta"'],
    ['"bitmask"', '"x"'],
    ['"tensors"', '"others"'],
    ['"name":"w"', '"name":3'],
    ['{', '['],
  ]
  for (const [from, to] of wrong) {
    refused(
      rewritten(bytes, (text) => {
        expect(text).toContain(from)
        return text.replace(from, to)
      }),
    )
  }
})

const table = (of: (i: number) => number) =>
  float32(
    [40, 50],
    Float32Array.from({ length: 2000 }, (_, i) => of(i)),
  )

test('values that are halves take 16 bits, and steps of a channel 8, along either axis; dense or with zeros', () => {
  const sparse = (value: number, i: number) => (i % 7 < 5 ? 0 : value)
  const noise = (i: number) => Math.sin(i * i + 1)
  const half = (i: number) => fromHalfBits(toHalfBits(noise(i)))
  const rounded = (axis: number, of: (i: number) => number) => {
    const { shape, data } = table(of)
    return float32(shape, dequantize(quantize(data, shape, axis)!, shape, axis))
  }
  const steps = rounded(0, noise)
  const weights = new Map<string, Initializer>([
    ['float', { tensor: table(noise) }],
    ['half', { tensor: table(half) }],
    ['half, sparse', { tensor: table((i) => sparse(half(i), i)) }],
    ['subnormal halves', { tensor: table((i) => (i % 1024) * 2 ** -24) }],
    ['steps of rows', { tensor: steps }],
    ['steps of columns', { tensor: rounded(1, noise) }],
    ['steps, sparse', { tensor: rounded(1, (i) => sparse(noise(i), i)) }],
    ['steps but for a -0', { tensor: table((i) => (i === 5 ? -0 : steps.data[i]!)) }],
    ['halves but for one', { tensor: table((i) => (i === 1999 ? 1 / 3 : half(i))) }],
  ])
  const bytes = encodeWeights(weights)
  expect(headerOf(bytes).map((t) => `${t.name}: ${t.coding} ${t.as} ${t.axis}`)).toEqual([
    'float: dense undefined undefined',
    'half: dense float16 undefined',
    'half, sparse: bitmask float16 undefined',
    'subnormal halves: dense float16 undefined',
    'steps of rows: dense int8 0',
    'steps of columns: dense int8 1',
    'steps, sparse: bitmask int8 1',
    'steps but for a -0: dense undefined undefined',
    'halves but for one: dense undefined undefined',
  ])
  const back = decodeWeights(bytes)
  expect(back).toEqual(weights)
  // what Node reads from files: a view of shared memory, anywhere in it
  expect(decodeWeights(Buffer.concat([Uint8Array.of(0), bytes]).subarray(1))).toEqual(weights)
  expect(Object.is(back.get('steps but for a -0')!.tensor.data[5], -0)).toBe(true)
})

test('the file as the README says it: spans follow the header, inflated by zlib and put together from planes', () => {
  const data = Float32Array.from({ length: 6000 }, (_, i) => (i % 10 < 7 ? 0 : Math.sin(i)))
  const bytes = encodeWeights(new Map([['w', { tensor: float32([60, 100], data) }]]))
  const [entry] = headerOf(bytes)
  const view = new DataView(bytes.buffer)
  let at = 48 + view.getUint32(8, true)
  const [positions, planes] = [entry!.positions!, entry!.values].map(({ length, inflated }) => {
    expect(inflated).toBeGreaterThan(length)
    at += length
    return inflateRawSync(bytes.subarray(at - length, at))
  }) as [Buffer, Buffer]
  expect(at).toBe(bytes.length)
  expect([entry!.coding, entry!.stored]).toEqual(['bitmask', 1800])
  const values = new DataView(new ArrayBuffer(7200))
  planes.forEach((byte, i) => values.setUint8(4 * (i % 1800) + Math.floor(i / 1800), byte))
  let next = 0
  data.forEach((v, i) => {
    const isStored = (positions[i >> 3]! & (1 << (i & 7))) !== 0
    expect(isStored ? values.getFloat32(4 * next++, true) : 0).toBe(v)
  })
})

test('files of version 1 keep loading', () => {
  const file =
    'VEFDT1dUUwFAAgAAAAAAAPKepD4ugVVMafyyzEQbNXR4c57xyf4ijReSDmcabsHpeyJ0ZW5zb3JzIjpbeyJuYW1lIjoiZGVuc2UiLCJkdHlwZSI6ImZsb2F0MzIiLCJzaGFwZSI6WzIsMl0sImNvZGluZyI6ImRlbnNlIiwic3RvcmVkIjo0LCJ2YWx1ZXMiOnsib2Zmc2V0IjowLCJsZW5ndGgiOjE2fX0seyJuYW1lIjoibWFzayIsImR0eXBlIjoiZmxvYXQzMiIsInNoYXBlIjpbNCw4XSwiY29kaW5nIjoiYml0bWFzayIsInN0b3JlZCI6MTEsInBvc2l0aW9ucyI6eyJvZmZzZXQiOjE2LCJsZW5ndGgiOjR9LCJ2YWx1ZXMiOnsib2Zmc2V0IjoyNCwibGVuZ3RoIjo0NH0sInNwYXJzaXR5Ijp7InBhdHRlcm4iOiIxOjMiLCJub256ZXJvcyI6MTF9fSx7Im5hbWUiOiJkZWx0YSIsImR0eXBlIjoiZmxvYXQzMiIsInNoYXBlIjpbMzAwXSwiY29kaW5nIjoiZGVsdGEiLCJzdG9yZWQiOjIsInBvc2l0aW9ucyI6eyJvZmZzZXQiOjcyLCJsZW5ndGgiOjN9LCJ2YWx1ZXMiOnsib2Zmc2V0Ijo4MCwibGVuZ3RoIjo4fX0seyJuYW1lIjoic2hhcGUiLCJkdHlwZSI6ImludDY0Iiwic2hhcGUiOlsyXSwiY29kaW5nIjoiZGVuc2UiLCJzdG9yZWQiOjIsInZhbHVlcyI6eyJvZmZzZXQiOjg4LCJsZW5ndGgiOjE2fX1dfSAgAACAPwAAIMCPKE4xAACAQEmSJEkAAAAAAAAAPwAAYEAAANBAAAAYQQAASEEAAHhBAACUQQAArEEAAMRBAADcQQAA9EEAAAAAB6MCAAAAAAAAAODAAICVwwAAAAAAAAAA//////////8='
  expect(decodeWeights(Uint8Array.from(Buffer.from(file, 'base64')))).toEqual(
    new Map<string, Initializer>([
      ['dense', { tensor: float32([2, 2], [1, -2.5, 3e-9, 4]) }],
      [
        'mask',
        {
          tensor: float32(
            [4, 8],
            Float32Array.from({ length: 32 }, (_, i) => (i % 3 === 0 ? i + 0.5 : 0)),
          ),
          sparsity: { pattern: '1:3', nonzeros: 11 },
        },
      ],
      [
        'delta',
        {
          tensor: float32(
            [300],
            Float32Array.from({ length: 300 }, (_, i) => (i === 7 || i === 299 ? -i : 0)),
          ),
        },
      ],
      ['shape', { tensor: int64([2], [0, -1]) }],
    ]),
  )
  const next = Uint8Array.from(Buffer.from(file, 'base64'))
  next[7] = 3
  expect(() => decodeWeights(next)).toThrow(/version 3/)
})

test('positions: both codings, long gaps, and bytes that do not fit', () => {
  const far = Uint32Array.of(0, 127, 128, 300, 20_000, 3_000_000)
  const coded = encodePositions(far, 3_000_001)
  expect(coded.coding).toBe('delta')
  expect(decodePositions('delta', coded.bytes, 6, 3_000_001)).toEqual(far)
  expect(() => decodePositions('delta', coded.bytes, 6, 3_000_000)).toThrow(/damaged/)
  expect(() => decodePositions('delta', coded.bytes, 5, 3_000_001)).toThrow(/damaged/)
  expect(() => decodePositions('delta', Uint8Array.of(128), 1, 10)).toThrow(/damaged/)
  expect(() => decodePositions('bitmask', Uint8Array.of(0b1000), 1, 3)).toThrow(/damaged/)
  expect(() => decodePositions('bitmask', Uint8Array.of(0b11), 1, 3)).toThrow(/damaged/)
})
