import type { Initializer, Tensor } from '@tacojs/graph'
import { narrowHalf } from '../float16.js'
import { sha256 } from '../sha256.js'
import { bytesOf } from '../stored-type.js'
import { deflate } from './deflate/deflate.js'
import type { Span, WeightEntry } from './header.js'
import { roundedTo } from './precision.js'
import { toPlanes } from './planes.js'
import { encodePositions } from './positions.js'
import { quantizeExactly } from './quantize.js'

/** The first bytes; the version follows. */
export const MAGIC = Uint8Array.of(0x54, 0x41, 0x43, 0x4f, 0x57, 0x54, 0x53)
export const VERSION = 2

/**
 * `weights.taco`: the tensors of a graph, of sparse ones only what is not zero, compressed. The layout is in the README,
 * byte by byte. Exact: an element is left out only when all its bits are 0, and a float32 tensor takes 16 or 8 bits only
 * where its values are such (`roundWeights` makes them so). The same weights give the same bytes.
 */
export function encodeWeights(initializers: ReadonlyMap<string, Initializer>): Uint8Array {
  const parts: Uint8Array[] = []
  let end = 0
  const place = (bytes: Uint8Array, width = 1): Span => {
    const packed = deflate(toPlanes(bytes, width))
    const smaller = packed.length < bytes.length
    const written = smaller ? packed : bytes
    parts.push(written)
    const span = { offset: end, length: written.length, ...(smaller ? { inflated: bytes.length } : {}) }
    end += written.length
    return span
  }
  const tensors = [...initializers].map(([name, { tensor, sparsity }]): WeightEntry => {
    const { dtype, shape } = tensor
    const note = sparsity ? { sparsity } : {}
    if (dtype !== 'float32') {
      const values = place(bytesOf(tensor), tensor.data.BYTES_PER_ELEMENT)
      return { name, dtype, shape, coding: 'dense', stored: tensor.data.length, values, ...note }
    }
    const { stored, positions, coding, form } = compact(tensor as Tensor<'float32'>)
    return {
      name,
      dtype,
      shape,
      coding,
      stored: stored?.length ?? tensor.data.length,
      ...form.entry,
      ...(form.scales ? { scales: place(bytesOf(form.scales), 4) } : {}),
      ...(positions ? { positions: place(positions) } : {}),
      values: place(form.bytes(stored), form.width),
      ...note,
    }
  })
  const text = new TextEncoder().encode(JSON.stringify({ tensors }, (key, v) => (key === 'offset' ? undefined : v)))
  const header = deflate([text])
  const out = new Uint8Array(48 + header.length + end)
  out.set(MAGIC)
  out[7] = VERSION
  const view = new DataView(out.buffer)
  view.setUint32(8, header.length, true)
  view.setUint32(12, text.length, true)
  let at = 48
  for (const bytes of [header, ...parts]) {
    out.set(bytes, at)
    at += bytes.length
  }
  const hash = sha256(out.subarray(48))
  for (let i = 0; i < 32; i++) out[16 + i] = parseInt(hash.slice(2 * i, 2 * i + 2), 16)
  return out
}

/** How the values of a tensor are written without loss. */
interface ValueForm {
  readonly entry: Pick<WeightEntry, 'as' | 'axis'>
  /** Bytes per value. */
  readonly width: number
  readonly scales?: Tensor<'float32'>
  /** The bytes of the elements with these indices, or of all. */
  readonly bytes: (indices?: Uint32Array) => Uint8Array
}

/**
 * Which elements are written and how: of the dense form and both codings of positions what is smallest before it is
 * compressed.
 */
function compact(tensor: Tensor<'float32'>) {
  const { data } = tensor
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length)
  const form = exactForm(tensor, bits)
  let count = 0
  for (const b of bits) if (b !== 0) count++
  const stored = new Uint32Array(count)
  for (let i = 0, at = 0; i < bits.length; i++) if (bits[i] !== 0) stored[at++] = i
  const { coding, bytes } = encodePositions(stored, bits.length)
  if (bytes.length + form.width * count < form.width * data.length) return { stored, positions: bytes, coding, form }
  return { stored: undefined, positions: undefined, coding: 'dense' as const, form }
}

function exactForm(tensor: Tensor<'float32'>, bits: Uint32Array): ValueForm {
  const { shape, data } = tensor
  if (bits.every((b) => b === 0)) return plain(bits)
  // a product of a scale of 16 bits and a whole number of 7 leaves the last bit free
  const axes = shape.length > 1 && bits.every((b) => (b & 1) === 0) ? [0, shape.length - 1] : []
  for (const axis of axes) {
    const quantized = quantizeExactly(data, shape, axis)
    if (!quantized || data.length + 4 * quantized.scales.length > 2 * data.length) continue
    return {
      entry: { as: 'int8', axis },
      width: 1,
      scales: { dtype: 'float32', shape: [quantized.scales.length], data: quantized.scales },
      bytes: (indices) => chosen(quantized.values, indices),
    }
  }
  // an ordinary half has 10 bits of fraction: a look at the others is quicker than rounding
  if (bits.some((b) => (b & 0x1fff) !== 0 && (b & 0x7f800000) >>> 23 > 112)) return plain(bits)
  const halves = new Uint32Array(roundedTo({ type: 'float16' }, tensor).buffer)
  if (halves.some((b, i) => b !== bits[i])) return plain(bits)
  const narrow = narrowHalf(data)
  return {
    entry: { as: 'float16' },
    width: 2,
    bytes: (indices) => chosen(narrow, indices),
  }
}

const plain = (bits: Uint32Array): ValueForm => ({
  entry: {},
  width: 4,
  bytes: (indices) => chosen(bits, indices),
})

/** The bytes of some elements of an array, or of all. */
function chosen(values: Int8Array | Uint16Array | Uint32Array, indices?: Uint32Array): Uint8Array {
  if (!indices) return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  const out = values.slice(0, indices.length)
  for (let i = 0; i < indices.length; i++) out[i] = values[indices[i]!]!
  return new Uint8Array(out.buffer)
}
