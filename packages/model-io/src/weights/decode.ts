import { TacoError } from '@tacojs/errors'
import { bytesPerElement, float32, sizeOf, type Initializer } from '@tacojs/graph'
import { sha256 } from '../sha256.js'
import { tensorFromBytes } from '../stored-type.js'
import { MAGIC } from './encode.js'
import { invalid, parseWeightHeader, type WeightEntry } from './header.js'
import { decodePositions } from './positions.js'

/**
 * The tensors of a `weights.taco`, exactly as they were encoded, with their notes on sparsity.
 * Throws INVALID_DATA for damaged bytes (the checksum covers everything) and UNSUPPORTED for another version.
 */
export function decodeWeights(bytes: Uint8Array): Map<string, Initializer> {
  if (bytes.length < 48 || MAGIC.slice(0, 7).some((b, i) => bytes[i] !== b)) throw invalid('it does not start as one')
  if (bytes[7] !== MAGIC[7]) {
    throw new TacoError(
      'UNSUPPORTED',
      `the weights file has version ${bytes[7]}, this reader knows version ${MAGIC[7]}`,
    )
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const length = view.getUint32(8, true)
  if (length > bytes.length - 48 || length % 8 !== 0 || view.getUint32(12, true) !== 0)
    throw invalid('its header is cut off')
  const stated = Array.from(bytes.subarray(16, 48), (b) => b.toString(16).padStart(2, '0')).join('')
  if (stated !== sha256(bytes.subarray(48))) throw invalid('its checksum does not fit: it is damaged')
  const payload = bytes.subarray(48 + length)
  const entries = parseWeightHeader(new TextDecoder().decode(bytes.subarray(48, 48 + length)), payload.length)
  // Few bytes must not ask for gigabytes: a weight with less than one element in a hundred is no weight.
  const dense = entries.reduce((sum, e) => sum + sizeOf(e.shape) * bytesPerElement(e.dtype), 0)
  if (dense > 100 * bytes.length + (64 << 20)) throw invalid(`its ${bytes.length} bytes would become ${dense}`)
  return new Map(entries.map((entry) => [entry.name, initializerOf(entry, payload)]))
}

function initializerOf(entry: WeightEntry, payload: Uint8Array): Initializer {
  const { dtype, shape, coding, stored, sparsity } = entry
  const note = sparsity ? { sparsity } : {}
  const values = payload.subarray(entry.values.offset, entry.values.offset + entry.values.length)
  if (coding === 'dense') return { tensor: tensorFromBytes(dtype, shape, values), ...note }
  if (dtype !== 'float32' || !entry.positions) throw invalid(`tensor "${entry.name}" is sparse but not float32`)
  const { offset, length } = entry.positions
  const positions = decodePositions(coding, payload.subarray(offset, offset + length), stored, sizeOf(shape))
  const bits = new Uint32Array(new Uint8Array(values).buffer)
  const out = new Float32Array(sizeOf(shape))
  // As bits, since a NaN may change its bits when it passes through a number.
  const outBits = new Uint32Array(out.buffer)
  positions.forEach((p, i) => (outBits[p] = bits[i]!))
  return { tensor: float32(shape, out), ...note }
}
