import { TacoError } from '@tacojs/errors'
import type { Tensor } from '@tacojs/graph'
import { tensorFromBytes } from '../stored-type.js'
import { MAX_HEADER, parseHeader } from './header.js'

export interface Safetensors {
  /** In the order of the header. F16 and BF16 are widened to float32. */
  readonly tensors: ReadonlyMap<string, Tensor>
  readonly metadata: ReadonlyMap<string, string>
}

/** Reads the bytes of a safetensors file. Throws INVALID_DATA for every departure from the format, UNSUPPORTED for 8-bit floats. */
export function decodeSafetensors(bytes: Uint8Array): Safetensors {
  const invalid = (why: string) => new TacoError('INVALID_DATA', `not a valid safetensors file: ${why}`)
  if (bytes.length < 8) throw invalid(`it has ${bytes.length} bytes, too few for a header`)
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true))
  if (length > MAX_HEADER) throw invalid(`its header states ${length} bytes, at most ${MAX_HEADER} are allowed`)
  if (length > bytes.length - 8) throw invalid(`its header states ${length} bytes, more than the file has`)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, 8 + length))
  } catch (cause) {
    throw new TacoError('INVALID_DATA', 'not a valid safetensors file: its header is not UTF-8', { cause })
  }
  const data = bytes.subarray(8 + length)
  const { entries, metadata } = parseHeader(text, data.length)
  const tensors = new Map<string, Tensor>()
  for (const { name, type, shape, begin, end } of entries) {
    tensors.set(name, tensorFromBytes(type, shape, data.subarray(begin, end)))
  }
  return { tensors, metadata }
}
