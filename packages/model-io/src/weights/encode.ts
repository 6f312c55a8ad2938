import type { Initializer, Tensor } from '@tacojs/graph'
import { sha256 } from '../sha256.js'
import { bytesOf } from '../stored-type.js'
import { aligned, type Span, type WeightEntry } from './header.js'
import { encodePositions } from './positions.js'

/** The first eight bytes; the last of them is the version. */
export const MAGIC = Uint8Array.of(0x54, 0x41, 0x43, 0x4f, 0x57, 0x54, 0x53, 1)

/**
 * `weights.taco`: the tensors of a graph, of sparse ones only what is not zero. The layout is in the README, byte by byte.
 * Exact: an element is left out only when all its bits are 0. The same weights give the same bytes.
 */
export function encodeWeights(initializers: ReadonlyMap<string, Initializer>): Uint8Array {
  const parts: [offset: number, bytes: Uint8Array][] = []
  let end = 0
  const place = (bytes: Uint8Array): Span => {
    const offset = aligned(end)
    parts.push([offset, bytes])
    end = offset + bytes.length
    return { offset, length: bytes.length }
  }
  const tensors = [...initializers].map(([name, { tensor, sparsity }]): WeightEntry => {
    const { dtype, shape } = tensor
    const note = sparsity ? { sparsity } : {}
    const sparse = compact(tensor)
    if (!sparse) {
      return {
        name,
        dtype,
        shape,
        coding: 'dense',
        stored: tensor.data.length,
        values: place(bytesOf(tensor)),
        ...note,
      }
    }
    const positions = place(sparse.positions)
    const values = place(new Uint8Array(sparse.values.buffer))
    return { name, dtype, shape, coding: sparse.coding, stored: sparse.values.length, positions, values, ...note }
  })
  const header = new TextEncoder().encode(JSON.stringify({ tensors }))
  const start = 48 + aligned(header.length)
  const out = new Uint8Array(start + aligned(end))
  out.set(MAGIC)
  new DataView(out.buffer).setUint32(8, start - 48, true)
  out.set(header, 48)
  out.fill(0x20, 48 + header.length, start)
  for (const [offset, bytes] of parts) out.set(bytes, start + offset)
  const hash = sha256(out.subarray(48))
  for (let i = 0; i < 32; i++) out[16 + i] = parseInt(hash.slice(2 * i, 2 * i + 2), 16)
  return out
}

/** Undefined where the dense form is not larger. */
function compact(tensor: Tensor) {
  if (tensor.dtype !== 'float32') return undefined
  const { data } = tensor as Tensor<'float32'>
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length)
  let count = 0
  for (const b of bits) if (b !== 0) count++
  const positions = new Uint32Array(count)
  const values = new Uint32Array(count)
  for (let i = 0, at = 0; i < bits.length; i++) {
    if (bits[i] === 0) continue
    positions[at] = i
    values[at++] = bits[i]!
  }
  const { coding, bytes } = encodePositions(positions, bits.length)
  return bytes.length + values.byteLength < data.byteLength ? { coding, positions: bytes, values } : undefined
}
