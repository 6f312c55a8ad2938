import { TacoError } from '@tacojs/errors'

/**
 * How the positions of the stored elements are written; both are lossless, the smaller one is chosen per tensor.
 *
 * - `bitmask`: ceil(n/8) bytes; element i is stored when bit i % 8 (1 is the lowest) of byte floor(i/8) is set;
 *   bits beyond n are 0.
 * - `delta`: for each stored element, the number of elements left out since the one before it, as LEB128
 *   (7 bits a byte, lowest first, the highest bit says that another byte follows).
 */
export type PositionCoding = 'bitmask' | 'delta'

export function encodePositions(positions: Uint32Array, size: number): { coding: PositionCoding; bytes: Uint8Array } {
  const maskLength = Math.ceil(size / 8)
  const deltaLength = encodeDeltas(positions)
  if (deltaLength < maskLength) {
    const bytes = new Uint8Array(deltaLength)
    encodeDeltas(positions, bytes)
    return { coding: 'delta', bytes }
  }
  const bytes = new Uint8Array(maskLength)
  for (const p of positions) bytes[p >>> 3]! |= 1 << (p & 7)
  return { coding: 'bitmask', bytes }
}

/** The number of bytes needed; written to `into` where it is given. */
function encodeDeltas(positions: Uint32Array, into?: Uint8Array): number {
  let at = 0
  let last = -1
  for (const p of positions) {
    let gap = p - last - 1
    for (; gap > 127; gap >>>= 7, at++) if (into) into[at] = (gap & 127) | 128
    if (into) into[at] = gap
    at++
    last = p
  }
  return at
}

/** Throws INVALID_DATA where the bytes do not give exactly `count` positions below `size`. */
export function decodePositions(coding: PositionCoding, bytes: Uint8Array, count: number, size: number): Uint32Array {
  const wrong = () =>
    new TacoError('INVALID_DATA', `the positions of a sparse weight are damaged: write the file again`)
  // Every position takes at least a bit or a byte: so this is checked before anything is allocated.
  if (count > size || (coding === 'delta' ? count > bytes.length : bytes.length !== Math.ceil(size / 8))) throw wrong()
  const positions = new Uint32Array(count)
  let found = 0
  if (coding === 'bitmask') {
    for (let i = 0; i < bytes.length * 8; i++) {
      if (!(bytes[i >>> 3]! & (1 << (i & 7)))) continue
      if (found === count || i >= size) throw wrong()
      positions[found++] = i
    }
    if (found !== count) throw wrong()
    return positions
  }
  let at = 0
  let next = 0
  for (; found < count; found++) {
    let gap = 0
    let factor = 1
    let byte: number
    do {
      if (at === bytes.length || factor > 2 ** 35) throw wrong()
      byte = bytes[at++]!
      gap += (byte & 127) * factor
      factor *= 128
    } while (byte & 128)
    next += gap
    if (next >= size) throw wrong()
    positions[found] = next++
  }
  if (at !== bytes.length) throw wrong()
  return positions
}
