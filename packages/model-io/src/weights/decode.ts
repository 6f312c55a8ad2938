import { TacoError } from '@tacojs/errors'
import { bytesPerElement, float32, sizeOf, type Initializer, type Tensor } from '@tacojs/graph'
import { widenHalf } from '../float16.js'
import { sha256 } from '../sha256.js'
import { tensorFromBytes } from '../stored-type.js'
import { inflate } from './deflate/inflate.js'
import { MAGIC, VERSION } from './encode.js'
import { invalid, parseWeightHeader, valueBytes, type Span, type WeightEntry } from './header.js'
import { fromPlanes } from './planes.js'
import { decodePositions } from './positions.js'

const MAX_HEADER = 25_000_000

/**
 * The tensors of a `weights.taco`, exactly as they were encoded, with their notes on sparsity.
 * Throws INVALID_DATA for damaged bytes (the checksum covers everything) and UNSUPPORTED for another version.
 */
export function decodeWeights(bytes: Uint8Array): Map<string, Initializer> {
  const { entries, payload } = parsedWeights(bytes)
  return new Map(entries.map((entry) => [entry.name, initializerOf(entry, payload)]))
}

/** The checked header of a `weights.taco`, and the bytes that its spans are of. Throws as `decodeWeights` does. */
export function parsedWeights(bytes: Uint8Array): { entries: WeightEntry[]; payload: Uint8Array } {
  if (bytes.length < 48 || MAGIC.some((b, i) => bytes[i] !== b)) throw invalid('it does not start as one')
  const version = bytes[7]!
  if (version !== 1 && version !== VERSION) {
    throw new TacoError(
      'UNSUPPORTED',
      `the weights file has version ${version}, this reader knows versions 1 to ${VERSION}`,
    )
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const [length, inflated] = [view.getUint32(8, true), view.getUint32(12, true)]
  const fits = version === 1 ? length % 8 === 0 && inflated === 0 : inflated <= MAX_HEADER
  if (length > bytes.length - 48 || !fits) throw invalid('its header is cut off')
  const stated = Array.from(bytes.subarray(16, 48), (b) => b.toString(16).padStart(2, '0')).join('')
  if (stated !== sha256(bytes.subarray(48))) throw invalid('its checksum does not fit: it is damaged')
  const header = bytes.subarray(48, 48 + length)
  const payload = bytes.subarray(48 + length)
  const text = new TextDecoder().decode(version === 1 ? header : inflate(header, inflated))
  const entries = parseWeightHeader(text, payload.length, version)
  // Few bytes must not ask for gigabytes: 99 % zeros and 8 bits make a file 220 times smaller, more is no model.
  const dense = entries.reduce((sum, e) => sum + sizeOf(e.shape) * bytesPerElement(e.dtype), 0)
  if (dense > 300 * bytes.length + (64 << 20)) throw invalid(`its ${bytes.length} bytes would become ${dense}`)
  return { entries, payload }
}

function initializerOf(entry: WeightEntry, payload: Uint8Array): Initializer {
  const { dtype, shape, coding, stored, sparsity } = entry
  const note = sparsity ? { sparsity } : {}
  const values = bytesAt(entry.values, payload, valueBytes(entry))
  if (dtype !== 'float32') return { tensor: tensorFromBytes(dtype, shape, values), ...note }
  const size = sizeOf(shape)
  const positions =
    coding === 'dense' ? undefined : decodePositions(coding, bytesAt(entry.positions!, payload, 1), stored, size)
  return { tensor: placed(shape, floatBits(entry, values, positions, payload), positions), ...note }
}

/** The bits of the stored elements as float32: as bits, since a NaN may change its bits when it passes through a number. */
function floatBits(
  { as, axis, shape, scales }: WeightEntry,
  values: Uint8Array,
  positions: Uint32Array | undefined,
  payload: Uint8Array,
): Uint32Array {
  const { buffer } = new Uint8Array(values)
  if (as === undefined) return new Uint32Array(buffer)
  if (as === 'float16') return new Uint32Array(widenHalf(new Uint16Array(buffer)).buffer)
  const steps = new Int8Array(buffer)
  const factors = new Float32Array(new Uint8Array(bytesAt(scales!, payload, 4)).buffer)
  const inner = sizeOf(shape.slice(axis! + 1))
  const out = Float32Array.from(steps, (q, i) => {
    const channel = Math.floor((positions?.[i] ?? i) / inner) % factors.length
    return q === 0 ? 0 : q * factors[channel]!
  })
  return new Uint32Array(out.buffer)
}

function placed(shape: readonly number[], bits: Uint32Array, positions: Uint32Array | undefined): Tensor {
  if (!positions) return float32(shape, new Float32Array(bits.buffer))
  const out = new Uint32Array(sizeOf(shape))
  positions.forEach((p, i) => (out[p] = bits[i]!))
  return float32(shape, new Float32Array(out.buffer))
}

/** The bytes of a span, of elements of `width` bytes: a compressed one holds them in planes. */
function bytesAt({ offset, length, inflated }: Span, payload: Uint8Array, width: number): Uint8Array {
  const bytes = payload.subarray(offset, offset + length)
  return inflated === undefined ? bytes : fromPlanes(inflate(bytes, inflated), width)
}
