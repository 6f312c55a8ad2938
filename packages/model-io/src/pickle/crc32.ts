/** Remainders for a byte, and for a byte that one, two and three others follow. */
let tables: readonly Uint32Array[] | undefined

/**
 * CRC-32 as zip files have it (polynomial 0xEDB88320), four bytes at a time (Kounavis and Berry 2005).
 *
 * @param before the CRC of what comes before
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  const [t0, t1, t2, t3] = (tables ??= makeTables()) as [Uint32Array, Uint32Array, Uint32Array, Uint32Array]
  let crc = ~before
  let i = 0
  for (const end = bytes.length - 3; i < end; i += 4) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    crc = t3[crc & 255]! ^ t2[(crc >>> 8) & 255]! ^ t1[(crc >>> 16) & 255]! ^ t0[crc >>> 24]!
  }
  for (; i < bytes.length; i++) crc = t0[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8)
  return ~crc >>> 0
}

function makeTables(): Uint32Array[] {
  const first = Uint32Array.from({ length: 256 }, (_, byte) => {
    for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1
    return byte
  })
  const all = [first]
  for (let n = 1; n < 4; n++) all.push(all[n - 1]!.map((crc) => first[crc & 255]! ^ (crc >>> 8)))
  return all
}
