import { float32, fromNumbers, type DType, type Initializer } from '@tacojs/graph'
import { sha256 } from '../sha256.js'
import { decodeWeights } from './decode.js'
import { encodeWeights } from './encode.js'
import { decodePositions, encodePositions } from './positions.js'

/** Every k-th element of `size` is not zero. */
const every = (k: number, size: number) => Float32Array.from({ length: size }, (_, i) => (i % k === k - 1 ? i / 7 : 0))

function headerOf(bytes: Uint8Array): { tensors: { name: string; coding: string; stored: number }[] } {
  const length = new DataView(bytes.buffer).getUint32(8, true)
  return JSON.parse(new TextDecoder().decode(bytes.subarray(48, 48 + length)))
}

/** With another header text (of at most the same length) and a checksum that fits. */
function rewritten(bytes: Uint8Array, change: (text: string) => string): Uint8Array {
  const length = new DataView(bytes.buffer).getUint32(8, true)
  const text = change(new TextDecoder().decode(bytes.subarray(48, 48 + length)).trimEnd())
  const out = bytes.slice()
  out.fill(0x20, 48, 48 + length).set(new TextEncoder().encode(text), 48)
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
  expect(Object.fromEntries(headerOf(bytes).tensors.map((t) => [t.name, `${t.coding} ${t.stored}`]))).toMatchObject({
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
    ['"offset":0', '"offset":8'],
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
