import type { Tensor } from '@tacojs/graph'
import { tensorFromBytes } from '../stored-type.js'
import { headerLength, parseHeader } from './header.js'

export interface Safetensors {
  /** In the order of the header. F16 and BF16 are widened to float32. */
  readonly tensors: ReadonlyMap<string, Tensor>
  readonly metadata: ReadonlyMap<string, string>
}

/**
 * Reads the bytes of a safetensors file. Throws INVALID_DATA for every departure from the format, UNSUPPORTED for 8-bit
 * floats. `where` names the bytes in errors.
 */
export function decodeSafetensors(bytes: Uint8Array, where = 'the file'): Safetensors {
  const start = 8 + headerLength(bytes.subarray(0, 8), bytes.length, where)
  const { entries, metadata } = parseHeader(bytes.subarray(8, start), bytes.length - start, where)
  const tensors = new Map<string, Tensor>()
  for (const { name, type, shape, begin, end } of entries) {
    tensors.set(name, tensorFromBytes(type, shape, bytes.subarray(start + begin, start + end)))
  }
  return { tensors, metadata }
}
