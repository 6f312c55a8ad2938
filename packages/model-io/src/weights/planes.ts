/**
 * Bytes of elements of `width` bytes, taken apart: the first byte of all of them, then the second of all, and so on. A
 * compressor finds the exponents of floats beside each other then, which are much alike, and leaves the noise alone.
 */
export function toPlanes(bytes: Uint8Array, width: number): Uint8Array[] {
  const count = bytes.length / width
  return Array.from({ length: width }, (_, plane) => {
    const out = new Uint8Array(count)
    for (let i = 0, at = plane; i < count; i++, at += width) out[i] = bytes[at]!
    return out
  })
}

/** The bytes whose planes follow each other in `planes`. */
export function fromPlanes(planes: Uint8Array, width: number): Uint8Array {
  const count = planes.length / width
  const out = new Uint8Array(planes.length)
  for (let plane = 0, at = 0; plane < width; plane++) {
    for (let i = 0, to = plane; i < count; i++, to += width) out[to] = planes[at++]!
  }
  return out
}
