import { bytesPerElement, type Tensor } from '@tacojs/graph'
import { bytesOf } from '../stored-type.js'
import { storedTypes } from './header.js'

/**
 * The bytes of a safetensors file. The order depends on nothing but the names (largest element type first, so that
 * every tensor is aligned): the same tensors give the same bytes.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array {
  const byName = <T>([a]: [string, T], [b]: [string, T]) => (a < b ? -1 : a > b ? 1 : 0)
  const ordered = [...tensors].sort((a, b) => bytesPerElement(b[1].dtype) - bytesPerElement(a[1].dtype) || byName(a, b))
  const header: [string, unknown][] = []
  if (metadata.size > 0) header.push(['__metadata__', Object.fromEntries([...metadata].sort(byName))])
  let end = 0
  for (const [name, { dtype, shape, data }] of ordered) {
    const code = [...storedTypes].find(([, type]) => type === dtype)![0]
    header.push([name, { dtype: code, shape, data_offsets: [end, (end += data.byteLength)] }])
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)))
  const start = Math.ceil((8 + text.length) / 8) * 8
  const out = new Uint8Array(start + end).fill(0x20, 8, start)
  new DataView(out.buffer).setBigUint64(0, BigInt(start - 8), true)
  out.set(text, 8)
  let at = start
  for (const [, tensor] of ordered) {
    out.set(bytesOf(tensor), at)
    at += tensor.data.byteLength
  }
  return out
}
