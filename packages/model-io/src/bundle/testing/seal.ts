import { sha256 } from '../../sha256.js'
import { deflate } from '../../weights/deflate/deflate.js'
import { bundleFiles, FORMAT, MANIFEST, VERSION } from '../bundle.js'

/** The files with a manifest that says what they are: what is changed in them must get past it. */
export function sealedBundle(files: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  const stated = bundleFiles.flatMap((name) => {
    const bytes = files.get(name)
    return bytes ? [[name, { bytes: bytes.length, sha256: sha256(bytes) }]] : []
  })
  const manifest = { format: FORMAT, version: VERSION, files: Object.fromEntries(stated) as unknown }
  return new Map(files).set(MANIFEST, new TextEncoder().encode(JSON.stringify(manifest)))
}

/** A weights file whose lengths and checksum are right, whatever its header and payload are. */
export function sealedWeights(version: 1 | 2, text: Uint8Array, payload: Uint8Array): Uint8Array {
  const padded = new Uint8Array(version === 1 ? Math.ceil(text.length / 8) * 8 : 0).fill(0x20)
  padded.set(text.subarray(0, padded.length))
  const header = version === 1 ? padded : deflate([text])
  const out = new Uint8Array(48 + header.length + payload.length)
  out.set([0x54, 0x41, 0x43, 0x4f, 0x57, 0x54, 0x53, version])
  const view = new DataView(out.buffer)
  view.setUint32(8, header.length, true)
  view.setUint32(12, version === 1 ? 0 : text.length, true)
  out.set(header, 48)
  out.set(payload, 48 + header.length)
  out.set(Buffer.from(sha256(out.subarray(48)), 'hex'), 16)
  return out
}

/** Header text and payload of a weights file of version 2. */
export function openedWeights(bytes: Uint8Array, inflate: (bytes: Uint8Array, size: number) => Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const end = 48 + view.getUint32(8, true)
  return { text: inflate(bytes.subarray(48, end), view.getUint32(12, true)), payload: bytes.slice(end) }
}
