/** How an archive is written, right or wrong. */
export interface ZipOptions {
  /** All sizes and places in zip64's fields. */
  readonly zip64?: boolean
  readonly comment?: string
  /** Changes what the directory says of an entry, to write what is wrong. */
  readonly alter?: (entry: ZipHeader) => void
}

export interface ZipHeader {
  readonly name: string
  method: number
  flags: number
  crc: number
  size: number
  packed: number
  /** Where its header is. */
  at: number
  /** The name in the entry's own header. */
  ownName: string
}

const ALIGNMENT = 64
const ones = 0xffffffff

/** A zip archive of stored entries (APPNOTE 6.3), each entry's data at a multiple of 64 bytes, as torch aligns it. */
export function writeZip(files: readonly (readonly [string, Uint8Array])[], options: ZipOptions = {}): Uint8Array {
  const out: number[] = []
  const u16 = (...values: number[]) => values.forEach((v) => out.push(v & 255, (v >>> 8) & 255))
  const u32 = (...values: number[]) => values.forEach((v) => u16(v & 0xffff, v >>> 16))
  const u64 = (...values: number[]) => values.forEach((v) => u32(v % 2 ** 32, Math.floor(v / 2 ** 32)))
  const text = (value: string) => out.push(...new TextEncoder().encode(value))
  const { zip64 = false, comment = '', alter } = options
  const entries: ZipHeader[] = []
  for (const [name, bytes] of files) {
    const [crc, size] = [plainCrc(bytes), bytes.length]
    const entry: ZipHeader = { name, method: 0, flags: 0, crc, size, packed: size, at: out.length, ownName: name }
    alter?.(entry)
    const length = new TextEncoder().encode(entry.ownName).length
    u32(0x04034b50)
    u16(45, entry.flags, entry.method, 0, 0)
    u32(crc, ...(zip64 ? [ones, ones] : [size, size]))
    const fixed = zip64 ? 20 : 0
    const start = out.length + 4 + length + fixed + 4
    const filler = (ALIGNMENT - (start % ALIGNMENT)) % ALIGNMENT
    u16(length, fixed + 4 + filler)
    text(entry.ownName)
    if (zip64) {
      u16(1, 16)
      u64(size, size)
    }
    // torch's own field, filled with Z
    u16(0x4246, filler)
    text('Z'.repeat(filler))
    for (const byte of bytes) out.push(byte)
    entries.push(entry)
  }
  const directory = out.length
  for (const entry of entries) {
    u32(0x02014b50)
    u16(45, 45, entry.flags, entry.method, 0, 0)
    u32(entry.crc, ...(zip64 ? [ones, ones] : [entry.packed, entry.size]))
    u16(new TextEncoder().encode(entry.name).length, zip64 ? 28 : 0, 0, 0, 0)
    u32(0, zip64 ? ones : entry.at)
    text(entry.name)
    if (!zip64) continue
    u16(1, 24)
    u64(entry.size, entry.packed, entry.at)
  }
  const end = out.length
  if (zip64) {
    u32(0x06064b50)
    u64(44)
    u16(45, 45)
    u32(0, 0)
    u64(entries.length, entries.length, end - directory, directory)
    u32(0x07064b50, 0)
    u64(end)
    u32(1)
  }
  u32(0x06054b50)
  u16(0, 0, ...(zip64 ? [0xffff, 0xffff] : [entries.length, entries.length]))
  u32(...(zip64 ? [ones, ones] : [end - directory, directory]))
  u16(comment.length)
  text(comment)
  return Uint8Array.from(out)
}

/** Bit by bit. */
function plainCrc(bytes: Uint8Array): number {
  let crc = ~0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}
